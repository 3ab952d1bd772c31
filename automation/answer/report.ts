import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import type {
  driftAnswer,
  failedAnswer,
  heldAnswer,
  inProgressAnswer,
  previewAnswer,
  successAnswer,
  supersededAnswer,
} from "../api/answers.ts";
import type { RunView, waiting } from "../api/views.ts";
import { causeOf } from "../domain/cause.ts";
import { isDrift } from "../domain/drift.ts";
import { describeOutage } from "../domain/outage.ts";
import type { AnsweredBy, Cause, Run, ServiceOutcome } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { type Login, loginCommand } from "../domain/way-in.ts";
import { toGateView } from "./hold-view.ts";
import { toTimestamp } from "./timestamp.ts";

/** An answer: status and JSON body. */
export interface Answer<Body = unknown> {
  status: ContentfulStatusCode;
  body: Body;
}

type RunAnswer =
  | z.output<typeof previewAnswer>
  | z.output<typeof driftAnswer>
  | z.output<typeof successAnswer>
  | z.output<typeof failedAnswer>
  | z.output<typeof inProgressAnswer>
  | z.output<typeof heldAnswer>
  | z.output<typeof supersededAnswer>;

function toCauseView({ code, message, hint, logTail }: Cause) {
  return { code, message, hint, ...(logTail ? { log: logTail } : {}) };
}

function toOutcomeView({ cause, firstLogin, ...rest }: ServiceOutcome, stack: string) {
  return {
    ...rest,
    ...(firstLogin ? { first_login: toLoginView(stack, rest.service, firstLogin) } : {}),
    ...(cause ? { cause: toCauseView(cause) } : {}),
  };
}

function toLoginView(stack: string, service: string, login: Login) {
  return { ...login, command: loginCommand(stack, service, login) };
}

/** What a run waits for because it is away; nothing while it does not, or something else holds it back. */
export function toWaitingView({ state, outage, gate }: Run): { waiting?: z.output<typeof waiting> } {
  if (state !== "waiting" || gate || !outage) return {};
  const { of, since, until, next } = outage;
  return {
    waiting: {
      for: of,
      since: toTimestamp(since),
      until: toTimestamp(until),
      next_try: toTimestamp(next),
      message: describeOutage(outage),
    },
  };
}

/** What told how the stack is; nothing where neither came to it. */
function toBy({ answeredBy }: Run): { by?: AnsweredBy } {
  return answeredBy ? { by: answeredBy } : {};
}

/** A run as answers show it. */
export function toRunView(run: Run): RunView {
  const { startedAt, finishedAt } = run;
  return {
    id: run.id,
    kind: run.kind,
    env: run.stack,
    tag: run.tag,
    commit: run.commit,
    state: run.state,
    services: run.services,
    rollback: run.rollback,
    ...(run.giveUp ? { give_up: run.giveUp } : {}),
    triggered_by: run.triggeredBy,
    reason: run.reason,
    request_id: run.requestId,
    created_at: toTimestamp(run.createdAt),
    started_at: toTimestamp(startedAt),
    finished_at: toTimestamp(finishedAt),
    duration: startedAt === null || finishedAt === null ? null : (finishedAt - startedAt) / 1000,
    attempts: run.attempts,
    outcomes: run.outcomes.map((each) => toOutcomeView(each, run.stack)),
    cause: run.cause && toCauseView(run.cause),
    superseded_by: run.supersededBy,
    ...(run.full ? { full: true as const } : {}),
    ...toBy(run),
    ...toWaitingView(run),
    ...toGateView(run),
  };
}

/**
 * The answer to a request for a run. `asked` narrows what is reported, never what decides: the status is the run's.
 * `winner` is the newer run of a superseded one.
 */
export function toRunAnswer(
  run: Run,
  options: { asked: string[] | null; duplicate: boolean; now: number; winner?: Run },
): Answer<RunAnswer> {
  const { asked, duplicate, now, winner } = options;
  const common = {
    env: run.stack,
    tag: run.tag,
    commit: run.commit,
    run: run.id,
    timestamp: toTimestamp(run.finishedAt ?? now),
    ...(duplicate ? { duplicate: true as const } : {}),
  };
  switch (run.state) {
    case "succeeded":
      return { status: 200, body: { status: "success", ...common, ...toBy(run), ...toSuccess(run, asked) } };
    case "superseded":
      return { status: 200, body: { status: "superseded", ...common, ...toSuperseded(run, winner) } };
    case "failed":
    case "canceled":
      return { status: 500, body: { ...common, ...toBy(run), ...toFailure(run, asked) } };
    default: {
      const going = { ...common, status_url: `/runs/${run.id}` };
      const { gate } = toGateView(run);
      if (gate) return { status: 202, body: { status: "waiting", ...going, gate } };
      return { status: 202, body: { status: "in_progress", ...going, ...toWaitingView(run) } };
    }
  }
}

function toSuccess(run: Run, asked: string[] | null) {
  const { deployed_services, ...report } = toReport(run, asked);
  switch (RUN_KINDS[run.kind].answers) {
    case "update":
      return { deployed_services, ...report };
    case "plan": {
      const { addresses: _addresses, first_logins: _logins, ...planned } = report;
      return planned;
    }
    case "drift": {
      const drifted = run.outcomes.filter(isDrift).map(({ service }) => service);
      return { drift: drifted.length > 0, drifted_services: drifted, reasons: report.reasons };
    }
  }
}

function toReport({ outcomes, stack }: Run, asked: string[] | null) {
  const shown = outcomes.filter(({ service }) => asked === null || asked.includes(service));
  const named = (...results: ServiceOutcome["result"][]) =>
    shown.filter(({ result }) => results.includes(result)).map(({ service }) => service);
  const removed = named("deleted", "retained");
  return {
    deployed_services: named("created", "changed", "unchanged"),
    changed_services: named("created", "changed"),
    unchanged_services: named("unchanged"),
    ...(removed.length > 0 ? { removed_services: removed } : {}),
    reasons: Object.fromEntries(shown.map(({ service, reason }) => [service, reason])),
    ...byService("allows", shown, ({ allows }) => allows),
    ...byService("addresses", shown, ({ addresses }) => addresses),
    ...byService(
      "first_logins",
      shown,
      ({ service, firstLogin }) => firstLogin && toLoginView(stack, service, firstLogin),
    ),
  };
}

/** What some services have, below one key; nothing when none has it. */
function byService<Key extends string, Value>(
  key: Key,
  outcomes: readonly ServiceOutcome[],
  pick: (outcome: ServiceOutcome) => Value | undefined,
): Partial<Record<Key, Record<string, Value>>> {
  const entries = outcomes.flatMap((outcome): [string, Value][] => {
    const value = pick(outcome);
    return value === undefined ? [] : [[outcome.service, value]];
  });
  return entries.length === 0 ? {} : ({ [key]: Object.fromEntries(entries) } as Record<Key, Record<string, Value>>);
}

/** Every failed service is named, also one that was not asked about: the run failed because of it. */
function toFailure(run: Run, asked: string[] | null) {
  const failed = run.outcomes.flatMap(({ service, cause }) => (cause ? [{ service, ...toCauseView(cause) }] : []));
  return {
    status: run.state === "canceled" ? ("canceled" as const) : ("failed" as const),
    ...toReport(run, asked),
    cause: toCauseView(run.cause ?? causeOf("program_error", "the run failed without a cause")),
    failed_services: failed,
    skipped_services: run.outcomes
      .filter(({ result }) => result === "skipped" || result === "canceled")
      .map(({ service }) => service),
  };
}

function toSuperseded(run: Run, winner: Run | undefined) {
  const by = winner?.tag ?? winner?.commit.slice(0, 7) ?? run.supersededBy ?? "a newer request";
  return {
    superseded_by: by,
    message: `${by} was asked for before this run started`,
    hint: "nothing to do: the newer request counts",
  };
}
