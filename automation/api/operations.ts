import type { z } from "zod";
import { kindsWith, RUN_KINDS, type RunKind } from "../domain/run-kinds.ts";
import {
  driftAnswer,
  errorAnswer,
  failedAnswer,
  healthAnswer,
  heldAnswer,
  holdAnswer,
  holdsAnswer,
  inProgressAnswer,
  liveAnswer,
  observationsAnswer,
  previewAnswer,
  runsAnswer,
  stacksAnswer,
  successAnswer,
  supersededAnswer,
} from "./answers.ts";
import type { Selection } from "./pick-json.ts";
import { PUSH_PARTS, pushBody, webhookAnswer } from "./push.ts";
import { cancelBody, holdBody, holdsQuery, liftBody, observationsQuery, RUN_BODIES, runsQuery } from "./requests.ts";
import { holdView, runView } from "./views.ts";

/** One operation of the HTTP interface. */
export interface Operation {
  method: "get" | "post";
  /** Path with parameters in braces. */
  path: string;
  summary: string;
  /** Who may: everybody, who reads (token or signature), who signs, who signs in the form that nobody can send again. */
  access: "open" | "reader" | "signed" | "signedV2";
  body?: z.ZodType;
  /**
   * Of a body that may be large: what is kept while it comes in, its bound in bytes and the time it may take, in milliseconds. More than
   * others may send is only taken of one that `couldBe` what it is said to be, by its headers and how it begins.
   */
  parts?: {
    selection: Selection;
    limit: number;
    timeoutMs: number;
    couldBe(headers: { get(name: string): string | null }, beginning: string): boolean;
  };
  query?: z.ZodObject;
  /** Whether `Prefer: wait=<s>` counts, and for how long by default and at most, in seconds. */
  wait?: { default: number; most: number };
  /** Body of each answer, by status; several where it can be one of them. Absent: no JSON. */
  answers: Partial<Record<number, readonly z.ZodType[]>>;
  /** Media type of the 200 where it is not JSON, or not always. */
  streams?: string;
}

const refused = (...statuses: number[]) => Object.fromEntries(statuses.map((status) => [status, [errorAnswer]]));
/** What every request can be answered: it is no HTTP, too slow, too much, its headers are too large, or a mistake of the runner. */
const ALWAYS = refused(400, 408, 429, 431, 500, 503);
const READ = { ...ALWAYS, ...refused(401) };
const SIGNED = { ...ALWAYS, ...refused(401, 403, 404, 409, 411, 413, 415, 422) };
const RUN_ANSWERS = {
  update: { 200: [successAnswer, supersededAnswer] },
  plan: { 200: [previewAnswer] },
  drift: { 200: [driftAnswer] },
};

/** Longest that a request for a run may wait for its end, in seconds. */
const LONGEST_WAIT = 900;

/** The request for each kind of run. */
const RUN_OPERATIONS = Object.fromEntries(
  kindsWith().map((kind): [RunKind, Operation] => {
    const { summary, wait, answers } = RUN_KINDS[kind];
    const operation: Operation = {
      method: "post",
      path: `/${kind}`,
      summary,
      access: "signed",
      body: RUN_BODIES[kind],
      wait: { default: wait, most: LONGEST_WAIT },
      answers: {
        ...SIGNED,
        ...RUN_ANSWERS[answers],
        202: [inProgressAnswer, heldAnswer],
        500: [failedAnswer, errorAnswer],
      },
    };
    return [kind, operation];
  }),
) as { [Kind in RunKind]: Operation & { access: "signed"; body: (typeof RUN_BODIES)[Kind]; wait: object } };

/** The runner's whole HTTP interface, which routes, OpenAPI document and tests are made from. */
export const OPERATIONS = {
  health: {
    method: "get",
    path: "/health",
    summary: "Whether every function that the runner needs works; names and states only",
    access: "open",
    answers: { ...ALWAYS, 200: [healthAnswer], 503: [healthAnswer, errorAnswer] },
  },
  live: {
    method: "get",
    path: "/health/live",
    summary: "Whether the process and its store work",
    access: "open",
    answers: { ...ALWAYS, 200: [liveAnswer], 503: [liveAnswer, errorAnswer] },
  },
  ...RUN_OPERATIONS,
  webhook: {
    method: "post",
    path: "/webhook",
    summary: "A push, as GitHub, Gitea and Forgejo send it",
    access: "signed",
    body: pushBody,
    parts: PUSH_PARTS,
    // GitHub hangs up after 10 seconds.
    wait: { default: 8, most: 8 },
    answers: { ...SIGNED, 200: [webhookAnswer], 202: [webhookAnswer], 500: [failedAnswer, errorAnswer] },
  },
  runs: {
    method: "get",
    path: "/runs",
    summary: "Runs, newest first",
    access: "reader",
    query: runsQuery,
    answers: { ...READ, ...refused(404), 200: [runsAnswer] },
  },
  run: {
    method: "get",
    path: "/runs/{id}",
    summary: "One run",
    access: "reader",
    answers: { ...READ, ...refused(404), 200: [runView] },
  },
  events: {
    method: "get",
    path: "/runs/{id}/events",
    summary: "What happens in a run, as it happens; resumed after Last-Event-ID",
    access: "reader",
    answers: { ...READ, ...refused(404) },
    streams: "text/event-stream",
  },
  cancel: {
    method: "post",
    path: "/runs/{id}/cancel",
    summary: "Cancel a run",
    access: "signedV2",
    body: cancelBody,
    answers: { ...SIGNED, 200: [runView], 202: [runView] },
  },
  holds: {
    method: "get",
    path: "/holds",
    summary: "Who holds which environment, and why",
    access: "reader",
    query: holdsQuery,
    answers: { ...READ, 200: [holdsAnswer] },
  },
  hold: {
    method: "post",
    path: "/holds",
    summary: "Hold an environment: what goes forward waits, going back works",
    access: "signedV2",
    body: holdBody,
    answers: { ...SIGNED, 200: [holdAnswer] },
  },
  lift: {
    method: "post",
    path: "/holds/{id}/lift",
    summary: "Lift a hold: the newest deploy or sync that waited goes on",
    access: "signedV2",
    body: liftBody,
    answers: { ...SIGNED, 200: [holdView] },
  },
  stacks: {
    method: "get",
    path: "/stacks",
    summary: "What each environment runs",
    access: "reader",
    answers: { ...READ, 200: [stacksAnswer] },
  },
  observations: {
    method: "get",
    path: "/stacks/{env}/observations",
    summary:
      "What is not as the last update left it, and what was: with Accept: text/event-stream as it happens, resumed after Last-Event-ID",
    access: "reader",
    query: observationsQuery,
    answers: { ...READ, ...refused(404), 200: [observationsAnswer] },
    streams: "text/event-stream",
  },
  metrics: {
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    access: "reader",
    answers: READ,
    streams: "text/plain",
  },
  openapi: {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    access: "open",
    answers: ALWAYS,
    streams: "application/json",
  },
} as const satisfies Record<string, Operation>;

/** Name of one of them. */
export type OperationName = keyof typeof OPERATIONS;
