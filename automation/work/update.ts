import { join } from "node:path";
import { carryOutcomes } from "../domain/carry.ts";
import { causeOf } from "../domain/cause.ts";
import { assessDrift } from "../domain/drift.ts";
import { afterPatience, planWait, tellOutage, whileAway } from "../domain/outage.ts";
import { reduceOutcomes } from "../domain/outcome.ts";
import type { Cause, OutageOf, Run, ServiceOutcome } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { buildEngineEnvironment } from "../engine/environment.ts";
import { killSession } from "../engine/session.ts";
import type { EngineResult } from "../engine/start.ts";
import { RequestError } from "../errors.ts";
import type { Runner } from "../runner.ts";
import type { Claim } from "../store/store.ts";
import { breakLocks, clearCrash, clearStack } from "./clear-stack.ts";
import { DependenciesError } from "./dependencies.ts";
import { type Prepared, prepare, ReleaseError } from "./prepare.ts";
import { openRecord, type Recorder } from "./record.ts";
import { runEngine, type WarmEngine, warmEngine } from "./run-engine.ts";
import { type FinalVerdict, judge, judgeStop, type StopReason, type Verdict } from "./verdict.ts";

/** How often a run's engine may be cut off before the run is given up. */
const MOST_ATTEMPTS = 3;

/** Longest last words of an engine that are kept, in characters. */
const SAID_KEPT = 4_000;

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
 * Carries out a claimed run until it ends, is stopped (`stop.reason` is a StopReason), or meets something that is away: then it
 * waits in the store, where neither a newer request nor a restart of the runner has to wait for it. Mends and goes on after a
 * crash. Throws only for mistakes of ours and for a lost lease.
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
    const { changesStack } = RUN_KINDS[run.kind];
    for (let done = changesStack ? run.outcomes : []; ; ) {
      const attempts = run.attempts;
      const { verdict, outcomes: found } = await tryOnce(runner, claim, stop, record);
      const outcomes = carryOutcomes(done, found);
      if (changesStack) done = outcomes;
      if (verdict.next === "mend") {
        log.warn({ event: "update.cut_off", cause: verdict.cause.message, attempt: run.attempts });
        const cutOff = run.attempts - (run.outage?.attempts ?? 0);
        if (cutOff >= MOST_ATTEMPTS) return { verdict: { next: "fail", cause: verdict.cause }, outcomes };
      } else if (verdict.next === "wait") {
        const tried = { progressed: gotSomewhere(found), started: run.attempts > attempts };
        const decided = decideWait(runner, run, verdict, tried);
        if (decided.next === "hold") record.phase("waiting", { for: verdict.of, message: tellOutage(decided.outage) });
        return { verdict: decided, outcomes };
      } else {
        return { verdict, outcomes };
      }
    }
  } finally {
    await record.flush();
  }
}

/** Whether a try did something to a service. */
function gotSomewhere(outcomes: readonly ServiceOutcome[]): boolean {
  return outcomes.some(({ result }) => result === "created" || result === "changed" || result === "deleted");
}

function decideWait(
  { config, now }: Runner,
  run: Run,
  { of, cause }: { of: OutageOf; cause: Cause },
  tried: { progressed: boolean; started: boolean },
): FinalVerdict {
  const outage = planWait(run.outage ?? null, { of, now: now(), patienceMs: config.outagePatienceMs, ...tried });
  if (outage === undefined) return { next: "fail", cause: afterPatience(run.outage ?? null, cause) };
  return { next: "hold", cause: whileAway(outage, cause), outage };
}

/** One engine on the freshly checked-out release. Counts in `claim.run` what it writes to the store. */
async function tryOnce(runner: Runner, claim: Claim, stop: AbortSignal, record: Recorder): Promise<Try> {
  const { run } = claim;
  record.restart();
  const env = buildEngineEnvironment(runner.variables, {
    path: runner.enginePath,
    pulumiHome: join(runner.config.dataDir, "pulumi"),
    backendUrl: runner.config.backendUrl,
    release: `${run.tag ?? "commit"} ${run.commit.slice(0, 7)}`,
    giveUp: run.giveUp,
  });
  // It loads while the release is checked out.
  const warm = warmEngine(env);
  try {
    stop.throwIfAborted();
    const prepared = await prepare(runner, run, record, stop);
    const { mend, before } = await clearStack(runner, run, prepared);
    stop.throwIfAborted();
    record.phase("engine", { attempt: run.attempts + 1 });
    const options = { mend, stop, record };
    let result = await engage(runner, claim, prepared, { ...options, warm });
    if (
      isLocked(result) &&
      !prepared.locks &&
      (await breakLocks(runner, run, { said: result.said, before, env, prepared }))
    ) {
      run.attempts -= 1;
      result = await engage(runner, claim, prepared, {
        ...options,
        mend: RUN_KINDS[run.kind].changesStack,
        warm: warmEngine(env),
      });
    }
    if (result.result === "crashed") await clearCrash(runner, run, prepared);
    await prepared.folder.clean();
    const canceled = stop.aborted || result.result === "crashed";
    const outcomes =
      RUN_KINDS[run.kind].answers === "drift"
        ? assessDrift(record.records, canceled)
        : reduceOutcomes(record.records, prepared.services, canceled);
    const stopped = stop.aborted ? (stop.reason as StopReason) : undefined;
    // Its last words may hold an address with a password: masked, then cut.
    const told = { ...result, said: runner.mask(result.said).slice(-SAID_KEPT) };
    const evidence = {
      result: told,
      records: record.records,
      outcomes,
      stopped,
      timeoutMs: runner.config.runTimeoutMs,
      known: (await runner.store.stackRelease(run.stack)) !== undefined,
    };
    return { verdict: judge(evidence), outcomes };
  } catch (error) {
    if (stop.aborted)
      return { verdict: judgeStop(stop.reason as StopReason, runner.config.runTimeoutMs), outcomes: [] };
    return { verdict: toVerdict(error), outcomes: [] };
  } finally {
    if (warm) await killSession(warm.engine.session);
  }
}

type Engagement = Omit<Parameters<typeof runEngine>[3], "warm"> & { warm: WarmEngine | undefined };

async function engage(
  runner: Runner,
  claim: Claim,
  prepared: Prepared,
  { warm, ...options }: Engagement,
): Promise<EngineResult> {
  if (!warm) return { result: "crashed", said: "its process could not be started" };
  try {
    return await runEngine(runner, claim, prepared, { ...options, warm });
  } finally {
    await killSession(warm.engine.session);
  }
}

function isLocked(result: EngineResult): boolean {
  return "problem" in result && result.problem === "locked";
}

/** What failed before the engine started. Throws what is a mistake of ours. */
function toVerdict(error: unknown): Verdict {
  if (error instanceof RequestError && error.code === "git_unreachable") {
    return { next: "wait", of: "git", cause: causeOf("config_invalid", error.message, error.hint) };
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
