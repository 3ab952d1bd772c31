import type { z } from "zod";
import { pushBody, webhookAnswer } from "./push.ts";
import {
  cancelBody,
  deployBody,
  driftAnswer,
  driftBody,
  errorAnswer,
  failedAnswer,
  healthAnswer,
  inProgressAnswer,
  liveAnswer,
  previewAnswer,
  previewBody,
  runsAnswer,
  runsQuery,
  runView,
  stacksAnswer,
  successAnswer,
  supersededAnswer,
  syncBody,
} from "./schemas.ts";

/** One operation of the HTTP interface. */
export interface Operation {
  method: "get" | "post";
  /** Path with parameters in braces. */
  path: string;
  summary: string;
  /** Who may: everybody, who reads (token or signature), who signs, who signs in the form that nobody can send again. */
  access: "open" | "reader" | "signed" | "signedV2";
  body?: z.ZodType;
  query?: z.ZodObject;
  /** Whether `Prefer: wait=<s>` counts, and for how long by default and at most, in seconds. */
  wait?: { default: number; most: number };
  /** Body of each answer, by status; several where it can be one of them. Absent: no JSON. */
  answers: Partial<Record<number, z.ZodType[]>>;
  /** Media type of the 200 where it is not JSON. */
  streams?: string;
}

const refused = (...statuses: number[]) => Object.fromEntries(statuses.map((status) => [status, [errorAnswer]]));
const READ = refused(401, 404, 408, 413, 429, 500, 503);
const SIGNED = refused(400, 401, 404, 408, 409, 413, 415, 422, 429, 503);
const UPDATED = {
  ...SIGNED,
  200: [successAnswer, supersededAnswer],
  202: [inProgressAnswer],
  500: [failedAnswer, errorAnswer],
};
const WAIT = { default: 60, most: 900 };

/** The runner's whole HTTP interface; routes, OpenAPI document and tests go by the same schemas. */
export const OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/health",
    summary: "Whether every function that the runner needs works; names and states only",
    access: "open",
    answers: { 200: [healthAnswer], 503: [healthAnswer, errorAnswer], 429: [errorAnswer] },
  },
  {
    method: "get",
    path: "/health/live",
    summary: "Whether the process and its store work",
    access: "open",
    answers: { 200: [liveAnswer], 503: [liveAnswer, errorAnswer], 429: [errorAnswer] },
  },
  {
    method: "post",
    path: "/deploy",
    summary: "Bring an environment to a release",
    access: "signed",
    body: deployBody,
    wait: WAIT,
    answers: UPDATED,
  },
  {
    method: "post",
    path: "/sync",
    summary: "Bring an environment once more to the release it has",
    access: "signed",
    body: syncBody,
    wait: WAIT,
    answers: UPDATED,
  },
  {
    method: "post",
    path: "/preview",
    summary: "What a deploy would change",
    access: "signed",
    body: previewBody,
    wait: WAIT,
    answers: { ...SIGNED, 200: [previewAnswer], 202: [inProgressAnswer], 500: [failedAnswer, errorAnswer] },
  },
  {
    method: "post",
    path: "/drift",
    summary: "What was changed by hand since the last update",
    access: "signed",
    body: driftBody,
    wait: WAIT,
    answers: { ...SIGNED, 200: [driftAnswer], 202: [inProgressAnswer], 500: [failedAnswer, errorAnswer] },
  },
  {
    method: "post",
    path: "/webhook",
    summary: "A push, as GitHub, Gitea and Forgejo send it",
    access: "signed",
    body: pushBody,
    wait: { default: 8, most: 8 },
    answers: { ...SIGNED, 200: [webhookAnswer], 202: [webhookAnswer], 500: [failedAnswer, errorAnswer] },
  },
  {
    method: "get",
    path: "/runs",
    summary: "Runs, newest first",
    access: "reader",
    query: runsQuery,
    answers: { ...READ, 400: [errorAnswer], 200: [runsAnswer] },
  },
  {
    method: "get",
    path: "/runs/{id}",
    summary: "One run",
    access: "reader",
    answers: { ...READ, 200: [runView] },
  },
  {
    method: "get",
    path: "/runs/{id}/events",
    summary: "What happens in a run, as it happens; resumed after Last-Event-ID",
    access: "reader",
    answers: { ...READ, 400: [errorAnswer] },
    streams: "text/event-stream",
  },
  {
    method: "post",
    path: "/runs/{id}/cancel",
    summary: "Cancel a run",
    access: "signedV2",
    body: cancelBody,
    answers: { ...SIGNED, 200: [runView], 202: [runView], 500: [errorAnswer] },
  },
  {
    method: "get",
    path: "/stacks",
    summary: "What each environment runs",
    access: "reader",
    answers: { ...READ, 200: [stacksAnswer] },
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    access: "reader",
    answers: READ,
    streams: "text/plain",
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    access: "open",
    answers: refused(429, 503),
    streams: "application/json",
  },
];
