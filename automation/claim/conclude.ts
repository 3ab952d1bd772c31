import { setTimeout as sleep } from "node:timers/promises";
import type { DoorEnding } from "../dispatch/kept.ts";
import { whatWasDone } from "../domain/carry.ts";
import {
  isFinal,
  nextState,
  type Run,
  type RunState,
  SERVICE_RESULTS,
  type ServiceOutcome,
  type ServiceResult,
} from "../domain/run.ts";
import { RUN_KINDS, UPDATES } from "../domain/run-kinds.ts";
import type { Variables } from "../environment.ts";
import type { Log } from "../log.ts";
import { type Mask, maskCause, maskOutcome } from "../mask.ts";
import type { Metrics } from "../metrics.ts";
import type { RunNotice } from "../notify/channel.ts";
import { decideEvents, toNotices } from "../notify/notices.ts";
import { readTargets } from "../notify/outbox.ts";
import { type Claim, type KeptLeft, type Lease, type Notice, type Store, StoreUnavailable } from "../store/store.ts";
import { countLeadTime, countRun } from "../watch/watch-metrics.ts";
import { type Ending, judgeStop } from "../work/perform.ts";

/** How long a store that is away is waited for before it is asked again, in milliseconds. */
const STORE_PAUSE = 500;

/** What the end of a run is written and told with. */
export interface Closing {
  store: Store;
  log: Log;
  mask: Mask;
  metrics: Metrics;
  variables: Pick<Variables, "get">;
  /** When a commit was made, in milliseconds since the epoch; undefined: nobody knows. */
  committedAt?(commit: string): Promise<number | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Writes how a run ended, and tells it. */
export async function conclude(
  runner: Closing,
  claim: Claim,
  { verdict: found, outcomes: all, answeredBy, kept, contradicted }: DoorEnding,
): Promise<void> {
  // Asked for while the try came to its end: nobody waits for what is not wanted any more.
  const isUnwanted = found.next === "hold" && (await runner.store.cancelRequested(claim.run.id));
  const verdict = isUnwanted ? judgeStop("cancel", 0) : found;
  const log = runner.log.child({ run: claim.run.id, stack: claim.run.stack });
  if (verdict.next === "leave") return log.warn({ event: "run.left", reason: "the lease was lost" });
  // From here it goes to the store, to answers and to notices.
  const outcomes = all.map((outcome) => maskOutcome(runner.mask, outcome));
  const cause = verdict.cause && maskCause(runner.mask, verdict.cause);
  const outage = verdict.next === "hold" ? { outage: verdict.outage } : {};
  // What was done before it was handed back is told when it ends.
  const done = RUN_KINDS[claim.run.kind].changesStack ? whatWasDone(outcomes) : [];
  const by = answeredBy ?? (claim.run.attempts > 0 ? "engine" : undefined);
  const patch =
    verdict.next === "requeue" ? { outcomes: done } : { outcomes, cause, ...outage, ...(by && { answeredBy: by }) };
  const besides = { kept, more: contradicted ? (["look_wrong"] as const) : [] };
  const { kind, state } = await end(runner, claim, verdict.next, patch, besides);
  if (cause?.code === "vault_unreachable") log.warn({ event: "vault.unreachable", reason: cause.message });
  if (!isFinal(state)) return;
  const told = RUN_KINDS[kind].changesStack ? "service.changed" : "service.differs";
  for (const { service, result, reason } of outcomes) {
    if (result !== "unchanged") log.info({ event: told, service_name: service, service, result, reason });
  }
}

/** Writes how a run ended together with what people are told of it, and counts it. */
async function end(
  runner: Closing,
  { run, lease }: Claim,
  event: Exclude<Ending["verdict"]["next"], "leave">,
  patch: Pick<Partial<Run>, "outcomes" | "cause" | "outage" | "answeredBy">,
  { kept, more = [] }: { kept?: KeptLeft | undefined; more?: readonly RunNotice[] } = {},
): Promise<Run> {
  const now = runner.now();
  const notices = await whileHeld(runner, lease, () =>
    planNotices(runner, { ...run, ...patch, state: nextState(run.state, event) ?? run.state }, run.outage, more),
  );
  const isFirst = event === "succeed" && (await neverHadIt(runner, run).catch(() => false));
  const ended = await whileHeld(runner, lease, () =>
    runner.store.transition(run.id, event, patch, now, lease, notices, event === "succeed" ? kept : undefined),
  );
  await countLeadTime(runner, ended, isFirst);
  if (isFinal(ended.state)) logEnd(runner, ended, now);
  else if (ended.state === "waiting") logWaiting(runner, ended);
  else runner.log.info({ event: "run.handed_back", run: run.id, stack: run.stack, tag: run.tag });
  return ended;
}

async function neverHadIt({ store }: Closing, { stack, commit }: Run): Promise<boolean> {
  return !(await store.hasSucceeded(stack, commit));
}

function logWaiting(runner: Closing, { id: run, stack, tag, cause, outage }: Run): void {
  const of = { waits_for: outage?.of, next: toTime(outage?.next), until: toTime(outage?.until), tries: outage?.tries };
  runner.log.warn({ event: "run.waiting", run, stack, tag, ...of, code: cause?.code, reason: cause?.message });
}

function toTime(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : new Date(ms).toISOString();
}

function logEnd(runner: Closing, ended: Run, now: number): void {
  countRun(runner, ended);
  const { id: run, stack, state, tag, cause } = ended;
  const seconds = (now - (ended.startedAt ?? now)) / 1000;
  const why = cause ? { code: cause.code, message: cause.message } : {};
  const services = countResults(ended.outcomes);
  runner.log[level(state)]({
    event: "run.finished",
    run,
    stack,
    kind: ended.kind,
    state,
    tag,
    seconds,
    services,
    ...why,
  });
}

/** How many services came out how; every result is there, so that nobody has to ask whether. */
function countResults(outcomes: readonly ServiceOutcome[]): Record<ServiceResult, number> {
  const counts = Object.fromEntries(SERVICE_RESULTS.map((result) => [result, 0])) as Record<ServiceResult, number>;
  for (const { result } of outcomes) counts[result] += 1;
  return counts;
}

/** Asks the store again while it is away and the stack is ours: how a run ended is not forgotten for a hiccup. */
async function whileHeld<T>({ now }: Pick<Closing, "now">, lease: Lease, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || now() + STORE_PAUSE >= lease.expiresAt) throw error;
      await sleep(STORE_PAUSE);
    }
  }
}

/** What people are told of a run's end; written with it, so that it is told once and never forgotten. */
async function planNotices(
  runner: Closing,
  run: Run,
  outageBefore: Run["outage"],
  more: readonly RunNotice[],
): Promise<Notice[]> {
  const targets = readTargets(runner);
  if (targets.length === 0) return [];
  const [before] = await runner.store.runs({
    stack: run.stack,
    kinds: UPDATES,
    states: ["succeeded", "failed"],
    limit: 1,
  });
  return toNotices(run, [...decideEvents(run, before?.state, outageBefore), ...more], targets);
}

function level(state: RunState): "warn" | "info" {
  return state === "failed" ? "warn" : "info";
}

/** Ends a run that a mistake of the runner ended. */
export async function fail(runner: Closing, claim: Claim, error: unknown): Promise<void> {
  const message = runner.mask(error instanceof Error ? error.message : String(error));
  const hint = "this is a mistake of the runner: its log has the details; please report it";
  await end(runner, claim, "fail", { cause: { code: "program_error", message, hint } });
}
