import { join } from "node:path";
import { carryOutcomes } from "../domain/carry.ts";
import { causeOf } from "../domain/cause.ts";
import { assessDrift } from "../domain/drift.ts";
import { afterPatience, describeOutage, planWait, whileAway } from "../domain/outage.ts";
import { reduceOutcomes } from "../domain/outcome.ts";
import type { Cause, OutageOf, Run, ServiceOutcome } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { buildEngineEnvironment } from "../engine/environment.ts";
import type { EngineResult } from "../engine/start.ts";
import { RequestError } from "../errors.ts";
import { breakLocks, clearCrash, clearStack } from "./clear-stack.ts";
import { DependenciesError } from "./dependencies.ts";
import {
  type Ending,
  type FinalVerdict,
  judgeStop,
  type RunEvents,
  type RunSpec,
  type StopReason,
  type WorkContext,
} from "./perform.ts";
import { prepare, ReleaseError } from "./prepare.ts";
import { openRecord, type Recorder } from "./record.ts";
import { runEngine } from "./run-engine.ts";
import { judge, type Verdict } from "./verdict.ts";

/** How often a run's engine may be cut off before the run is given up. */
const MOST_ATTEMPTS = 3;

/** Longest last words of an engine that are kept, in characters. */
const SAID_KEPT = 4_000;

interface Try {
  verdict: Verdict;
  outcomes: ServiceOutcome[];
}

/**
 * Carries out a run until it ends, is stopped (`stop.reason` is a StopReason), or meets something that is away: then it
 * waits in the store, where neither a newer request nor a restart of the runner has to wait for it. Fixes and goes on after a
 * crash.
 */
export async function performRun(
  context: WorkContext,
  spec: RunSpec,
  events: RunEvents,
  stop: AbortSignal,
): Promise<Ending> {
  const { run } = spec;
  const log = context.log.child({ run: run.id, stack: run.stack });
  const record = openRecord({ mask: context.mask, log, append: events.append, phaseEnded: events.phaseEnded });
  try {
    const { changesStack } = RUN_KINDS[run.kind];
    for (let done = changesStack ? run.outcomes : []; ; ) {
      const attempts = run.attempts;
      const { verdict, outcomes: found } = await tryOnce({ ...context, log }, spec, { events, stop, record });
      const outcomes = carryOutcomes(done, found);
      if (changesStack) done = outcomes;
      if (verdict.next === "recover") {
        log.warn({ event: "update.cut_off", cause: verdict.cause.message, attempt: run.attempts });
        const cutOff = run.attempts - (run.outage?.attempts ?? 0);
        // One that did not even start would be tried for ever.
        if (cutOff >= MOST_ATTEMPTS || run.attempts === attempts)
          return { verdict: { next: "fail", cause: verdict.cause }, outcomes };
      } else if (verdict.next === "wait") {
        const tried = { progressed: gotSomewhere(found), started: run.attempts > attempts };
        const decided = decideWait(context, run, verdict, tried);
        if (decided.next === "hold")
          record.phase("waiting", { for: verdict.of, message: describeOutage(decided.outage) });
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
  { config, now }: Pick<WorkContext, "config" | "now">,
  run: Run,
  { of, cause }: { of: OutageOf; cause: Cause },
  tried: { progressed: boolean; started: boolean },
): FinalVerdict {
  const outage = planWait(run.outage ?? null, { of, now: now(), patienceMs: config.outagePatienceMs, ...tried });
  if (outage === undefined) return { next: "fail", cause: afterPatience(run.outage ?? null, cause) };
  return { next: "hold", cause: whileAway(outage, cause), outage };
}

interface Channels {
  events: RunEvents;
  stop: AbortSignal;
  record: Recorder;
}

/** One engine on the freshly checked-out release. Counts in `spec.run` what it notes. */
async function tryOnce(context: WorkContext, spec: RunSpec, channels: Channels): Promise<Try> {
  const { config, programEnvironment, enginePath, mask } = context;
  const { run, known } = spec;
  const { events, stop, record } = channels;
  record.restart();
  try {
    stop.throwIfAborted();
    const prepared = await prepare(context, run, record, stop);
    const { recover, before } = await clearStack(context, spec, prepared, events.lockRemoved);
    stop.throwIfAborted();
    record.phase("engine", { attempt: run.attempts + 1 });
    const env = buildEngineEnvironment(programEnvironment(), {
      path: enginePath,
      pulumiHome: join(config.dataDir, "pulumi"),
      backendUrl: config.backendUrl,
      release: `${run.tag ?? "commit"} ${run.commit.slice(0, 7)}`,
      giveUp: run.giveUp,
    });
    const engagement = { ...channels, env, prepared, recover };
    let result = await runEngine(context, run, engagement);
    if (wasLocked(result) && !prepared.locks) {
      const removed = await breakLocks(run.stack, { said: result.said, before, env, workDir: prepared.workDir });
      for (const lock of removed) events.lockRemoved(lock);
      if (removed.length > 0) {
        run.attempts -= 1;
        result = await runEngine(context, run, { ...engagement, recover: RUN_KINDS[run.kind].changesStack });
      }
    }
    if (result.result === "crashed") await clearCrash(run, prepared, events.lockRemoved);
    await prepared.folder.clean();
    const canceled = stop.aborted || result.result === "crashed";
    const outcomes =
      RUN_KINDS[run.kind].answers === "drift"
        ? assessDrift(record.records, canceled)
        : reduceOutcomes(record.records, prepared.services, canceled);
    const stopped = stop.aborted ? (stop.reason as StopReason) : undefined;
    // Its last words may hold an address with a password: masked, then cut.
    const told = { ...result, said: mask(result.said).slice(-SAID_KEPT) };
    const evidence = {
      result: told,
      records: record.records,
      outcomes,
      stopped,
      timeoutMs: config.runTimeoutMs,
      known,
    };
    return { verdict: judge(evidence), outcomes };
  } catch (error) {
    if (stop.aborted) return { verdict: judgeStop(stop.reason as StopReason, config.runTimeoutMs), outcomes: [] };
    return { verdict: toVerdict(error), outcomes: [] };
  }
}

function wasLocked(result: EngineResult): boolean {
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
