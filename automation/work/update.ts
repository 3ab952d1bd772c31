import type { LeftBehind } from "../../components/look/left.ts";
import { carryOutcomes } from "../domain/carry.ts";
import { causeOf } from "../domain/cause.ts";
import { assessDrift } from "../domain/drift.ts";
import { describeOutage } from "../domain/outage.ts";
import { reduceOutcomes } from "../domain/outcome.ts";
import type { ServiceOutcome } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { buildEngineEnvironment } from "../engine/environment.ts";
import { type EngineResult, type ReadyEngine, readyEngine } from "../engine/start.ts";
import { breakLocks, clearCrash, clearStack } from "./clear-stack.ts";
import { DependenciesError } from "./dependencies.ts";
import { describeLeft } from "./look/kept.ts";
import { type Ending, judgeStop, type RunEvents, type StopReason, type WorkContext, type WorkSpec } from "./perform.ts";
import { type Place, takePlace } from "./place.ts";
import { type Prepared, prepare, ReleaseError } from "./prepare.ts";
import { openRecord, type Recorder } from "./record.ts";
import { runEngine } from "./run-engine.ts";
import { asUser } from "./users.ts";
import { decideWait, judge, type Verdict } from "./verdict.ts";

/** How often a run's engine may be cut off before the run is given up. */
const MOST_ATTEMPTS = 3;

/** Longest last words of an engine that are kept, in characters. */
const SAID_KEPT = 4_000;

interface Try {
  verdict: Verdict;
  outcomes: ServiceOutcome[];
  left?: LeftBehind;
}

/**
 * Carries out a run until it ends, is stopped (`stop.reason` is a StopReason), or meets something that is away: then it
 * waits in the store, where neither a newer request nor a restart of the runner has to wait for it. Fixes and goes on after a
 * crash.
 */
export async function performRun(
  context: WorkContext,
  spec: WorkSpec,
  events: RunEvents,
  stop: AbortSignal,
): Promise<Ending> {
  const { run } = spec;
  const log = context.log.child({ run: run.id, stack: run.stack });
  const record = openRecord({ mask: context.mask, log, append: events.append, phaseEnded: events.phaseEnded });
  let place: Place | undefined;
  try {
    place = await takePlace(context, spec, stop).catch((error: unknown) => {
      if (stop.aborted) return undefined;
      throw error;
    });
    if (!place) return { verdict: judgeStop(stop.reason as StopReason, spec.runTimeoutMs), outcomes: [] };
    const { changesStack } = RUN_KINDS[run.kind];
    for (let done = changesStack ? run.outcomes : []; ; ) {
      const attempts = run.attempts;
      const {
        verdict,
        outcomes: found,
        left,
      } = await tryOnce({ ...context, log }, spec, { events, stop, record, place });
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
        const decided = decideWait(spec, verdict, tried, context.now());
        if (decided.next === "hold")
          record.phase("waiting", { for: verdict.of, message: describeOutage(decided.outage) });
        return { verdict: decided, outcomes };
      } else {
        return { verdict, outcomes, ...(left && { left }) };
      }
    }
  } finally {
    await record.flush();
    // How the run ended stands, whatever is left of it; the next start of the worker removes that.
    await place?.leave().catch((err: unknown) => log.error({ event: "run.not_tidied", err }));
  }
}

/** Whether a try did something to a service. */
function gotSomewhere(outcomes: readonly ServiceOutcome[]): boolean {
  return outcomes.some(({ result }) => result === "created" || result === "changed" || result === "deleted");
}

interface Channels {
  events: RunEvents;
  stop: AbortSignal;
  record: Recorder;
  place: Place;
}

/** One engine on the freshly checked-out release. Counts in `spec.run` what it notes. */
async function tryOnce(context: WorkContext, spec: WorkSpec, channels: Channels): Promise<Try> {
  const { config, programEnvironment, enginePath, mask } = context;
  const { run, known, runTimeoutMs } = spec;
  const { events, stop, record, place } = channels;
  record.restart();
  let ready: ReadyEngine | undefined;
  try {
    stop.throwIfAborted();
    const given = programEnvironment();
    const env = buildEngineEnvironment(given, {
      path: enginePath,
      pulumiHome: place.pulumiHome,
      compiled: place.compiled,
      own: place.env,
      backendUrl: config.backendUrl,
      release: `${run.tag ?? "commit"} ${run.commit.slice(0, 7)}`,
      giveUp: run.giveUp,
    });
    // It starts while the release is unpacked, and waits for what it shall do.
    ready = readyEngine({ env, as: asUser(place.user) });
    const prepared = await prepare(context, spec, place, { record, signal: stop });
    const { recover, before } = await clearStack(context, spec, prepared, events.lockRemoved);
    stop.throwIfAborted();
    record.phase("engine", { attempt: run.attempts + 1 });
    const engagement = { ...channels, env, prepared, recover };
    let result = await runEngine(context, run, { ...engagement, ready });
    if (wasLocked(result) && !prepared.locks) {
      const removed = await breakLocks(run.stack, {
        ...{ said: result.said, before, env },
        ...{ workDir: prepared.workDir, as: asUser(place.user) },
      });
      for (const lock of removed) events.lockRemoved(lock);
      if (removed.length > 0) {
        run.attempts -= 1;
        result = await runEngine(context, run, { ...engagement, recover: RUN_KINDS[run.kind].changesStack });
      }
    }
    const refusal = place.refusal();
    if (refusal !== undefined)
      return { verdict: { next: "fail", cause: causeOf("program_error", refusal) }, outcomes: [] };
    if (result.result === "crashed") await clearCrash(run, prepared, events.lockRemoved);
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
      timeoutMs: runTimeoutMs,
      known,
    };
    const verdict = judge(evidence);
    const left = verdict.next === "succeed" ? await keepLeft(context, spec, { result, prepared, given }) : undefined;
    return { verdict, outcomes, ...(left && { left }) };
  } catch (error) {
    if (stop.aborted) return { verdict: judgeStop(stop.reason as StopReason, runTimeoutMs), outcomes: [] };
    return { verdict: toVerdict(error), outcomes: [] };
  } finally {
    await ready?.drop();
  }
}

/** What a good end left, where that can be told. Nothing that goes wrong with it changes how the run ended. */
async function keepLeft(
  context: WorkContext,
  { run }: WorkSpec,
  { result, prepared, given }: { result: EngineResult; prepared: Prepared; given: Record<string, string> },
): Promise<LeftBehind | undefined> {
  if (!("told" in result && result.told) || RUN_KINDS[run.kind].answers === "plan") return undefined;
  const { told } = result;
  context.sealed.set(run.stack, told.sealed);
  const { project, stackFile } = prepared;
  const engine = { told, stack: run.stack, project, stackFile, given };
  const found = await describeLeft(context, engine).catch((error: Error) => ({ missing: context.mask(error.message) }));
  if ("left" in found) return found.left;
  context.log.info({ event: "look.nothing_left", reason: found.missing });
  return undefined;
}

function wasLocked(result: EngineResult): boolean {
  return "problem" in result && result.problem === "locked";
}

/** What failed before the engine started. Throws what is a mistake of ours. */
function toVerdict(error: unknown): Verdict {
  if (error instanceof ReleaseError) {
    return { next: "fail", cause: causeOf("config_invalid", error.message, error.hint) };
  }
  if (error instanceof DependenciesError) {
    const hint = "check the release's package-lock.json and the way to the package registry, then deploy again";
    return { next: "fail", cause: causeOf("program_error", error.message, hint) };
  }
  throw error;
}
