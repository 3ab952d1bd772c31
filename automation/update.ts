import { setTimeout as sleep } from "node:timers/promises";
import { DependenciesError } from "./dependencies.ts";
import { causeOf } from "./domain/cause.ts";
import { reduceOutcomes } from "./domain/outcome.ts";
import type { Cause, RunKind, ServiceOutcome } from "./domain/run.ts";
import { runEngine } from "./engine/run.ts";
import { RequestError } from "./http/errors.ts";
import { prepare, ReleaseError } from "./prepare.ts";
import { openRecord, type Recorder } from "./record.ts";
import { clearWay, needsMending } from "./recovery.ts";
import type { Runner } from "./runner.ts";
import type { Claim } from "./store/store.ts";
import { type FinalVerdict, judge, judgeStop, type StopReason, type Verdict } from "./verdict.ts";

/** How often a run's engine may be cut off before the run is given up. */
const MOST_ATTEMPTS = 3;

/** Waits before a try after a transient failure, in milliseconds. */
const BACKOFF = [5_000, 10_000, 20_000];

/** How a run ended, and what became of its services. */
export interface Ending {
  verdict: FinalVerdict;
  outcomes: ServiceOutcome[];
}

interface Try {
  verdict: Verdict;
  outcomes: ServiceOutcome[];
}

/**
 * Carries out a claimed run until it ends or is stopped (`stop.reason` is a StopReason): tries again after what passes
 * by itself, mends and goes on after a crash. Throws only for mistakes of ours and for a lost lease.
 */
export async function performRun(runner: Runner, claim: Claim, stop: AbortSignal): Promise<Ending> {
  const log = runner.log.child({ run: claim.run.id, stack: claim.run.stack });
  const { run } = claim;
  const record = openRecord(runner.store, run.id, {
    mask: runner.mask,
    log,
    onAppend: runner.changed,
    onPhase: (phase, seconds) => runner.metrics.phases.observe({ env: run.stack, phase }, seconds),
  });
  try {
    for (let tries = 0; ; ) {
      const { verdict, outcomes } = await tryOnce(runner, claim, stop, record);
      const end = (cause: Cause): Ending => ({ verdict: { next: "fail", cause }, outcomes });
      if (verdict.next === "mend") {
        log.warn({ cause: verdict.cause.message, attempt: run.attempts }, "update cut off");
        if (run.attempts >= MOST_ATTEMPTS) return end(verdict.cause);
      } else if (verdict.next === "retry") {
        const pause = BACKOFF[tries++];
        if (pause === undefined || !(await waitForRetry(runner, claim, stop, pause))) return end(verdict.cause);
        record.phase("retry", { cause: verdict.cause.code });
        log.info({ cause: verdict.cause.code, tries }, "run tried again");
      } else {
        return { verdict, outcomes };
      }
    }
  } finally {
    await record.flush();
  }
}

/** One engine on the freshly checked-out release. Counts in `claim.run` what it writes to the store. */
async function tryOnce(runner: Runner, claim: Claim, stop: AbortSignal, record: Recorder): Promise<Try> {
  const { run } = claim;
  record.restart();
  try {
    stop.throwIfAborted();
    const prepared = await prepare(runner, run, record, stop);
    // Looking must not write, not even to mend.
    const mend = changesStack(run.kind) && (await needsMending(runner.store, run));
    for (const lock of await clearWay(run.session, prepared.locks)) {
      runner.metrics.lockBreaks.inc({ env: run.stack });
      runner.log.warn({ run: run.id, stack: run.stack, lock }, "stack lock removed");
    }
    stop.throwIfAborted();
    record.phase("engine", { attempt: run.attempts + 1 });
    const result = await runEngine(runner, claim, prepared, { mend, stop, record });
    if (result.result === "crashed") await clearWay(run.session, prepared.locks);
    await prepared.folder.clean();
    const canceled = stop.aborted || result.result === "crashed";
    const outcomes = reduceOutcomes(record.records, prepared.services, canceled);
    const stopped = stop.aborted ? (stop.reason as StopReason) : undefined;
    const evidence = { result, records: record.records, outcomes, stopped, timeoutMs: runner.config.runTimeoutMs };
    return { verdict: judge(evidence), outcomes };
  } catch (error) {
    if (stop.aborted)
      return { verdict: judgeStop(stop.reason as StopReason, runner.config.runTimeoutMs), outcomes: [] };
    return { verdict: toVerdict(error), outcomes: [] };
  }
}

function changesStack(kind: RunKind): boolean {
  return kind === "deploy" || kind === "sync";
}

/** What failed before the engine started. Throws what is a mistake of ours. */
function toVerdict(error: unknown): Verdict {
  if (error instanceof RequestError && error.code === "git_unreachable") {
    return { next: "retry", cause: causeOf("config_invalid", error.message, error.hint) };
  }
  if (error instanceof ReleaseError) {
    return { next: "fail", cause: causeOf("config_invalid", error.message, error.hint) };
  }
  if (error instanceof DependenciesError) {
    const hint = "check the release's package-lock.json and the way to the package registry, then deploy again";
    return { next: "fail", cause: causeOf("program_error", error.message, hint) };
  }
  throw error;
}

/** Waits, but never in the way of a newer request. False when there is one or the run is stopped. */
async function waitForRetry({ store, now }: Runner, { run }: Claim, stop: AbortSignal, ms: number): Promise<boolean> {
  for (const until = now() + ms; now() < until; ) {
    if (stop.aborted) return true;
    if ((await store.newestAccepted(run.stack))?.id !== run.id) return false;
    await sleep(Math.min(500, ms), undefined, { signal: stop }).catch(() => {});
  }
  return true;
}
