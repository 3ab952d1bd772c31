import { causeOf } from "../domain/cause.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import {
  type Ending,
  judgeStop,
  type Perform,
  type RunEvents,
  type RunSpec,
  type StopReason,
  type WorkSpec,
} from "../work/perform.ts";
import { openRecord } from "../work/record.ts";
import { WorkerGone } from "./connection.ts";
import type { Engines } from "./engines.ts";
import { beginFullCheck } from "./full-check.ts";
import { type DoorEnding, decideKept, keepAnswered, toOutcomes } from "./kept.ts";
import { findRelease, type ReleaseSource } from "./release.ts";
import { type Looking, tryLook } from "./try-look.ts";

/** How often a run is handed to another worker, or to the same one again, because it went away in the middle. */
const MOST_LOST = 3;

/** How long a worker may take to end a run that it was told to stop, in milliseconds: an engine has 15 s for it. */
const STOP_WITHIN = 45_000;

/** What runs are handed over with. */
export interface Dispatching extends ReleaseSource, Looking {
  store: Pick<Store, "leftBehind" | "forgetLeft">;
  engines: Engines;
  metrics: Pick<Metrics, "lookContradictions">;
  /** This runner's. */
  version: string;
}

/**
 * Has runs carried out by the engine workers: asks the origin for the release, looks meanwhile whether anything is to do, and if so hands
 * the run to the worker of its stack. One that goes away in the middle leaves the run to whoever comes next, who clears away what it had
 * begun.
 */
export function createDispatch(on: Dispatching): Perform {
  return async (spec, events, stop) => {
    const { run } = spec;
    const log = on.log.child({ run: run.id, stack: run.stack });
    const record = openRecord({ mask: (text) => text, log, append: events.append, phaseEnded: events.phaseEnded });
    record.phase("checkout", { commit: run.commit, tag: run.tag });
    const [found, looked] = await Promise.all([
      findRelease({ ...on, log }, spec, stop),
      tryLook(on, run, stop),
    ]).finally(() => record.flush());
    if ("ending" in found) {
      const { verdict } = found.ending;
      if (verdict.next === "hold") await tellWaiting(events, verdict.outage.of, verdict.cause.message);
      return found.ending;
    }
    record.phase(
      "look",
      "why" in looked ? { answered: false, why: looked.why } : { answered: true, took: looked.look.took },
    );
    await record.flush();
    if ("look" in looked) {
      const outcomes = toOutcomes(looked.kept, run);
      const kept = keepAnswered(looked.kept, run);
      return { verdict: { next: "succeed", cause: null }, outcomes, answeredBy: "look", ...(kept && { kept }) };
    }
    // Somebody asked for its end meanwhile: in the queue it would be begun once more.
    if (spec.only === "look" && stop.aborted) return stopped(stop, on.config.runTimeoutMs);
    if (spec.only === "look") return { verdict: { next: "requeue", cause: null }, outcomes: run.outcomes };
    const check = await beginFullCheck(on, run, looked.kept, stop);
    const ending: DoorEnding = await handOver(on, { ...spec, ...found.release }, events, { stop, log });
    const program = await on.programs.digest(run.commit, run.stack).catch(() => undefined);
    const facts = { run, before: looked.kept, version: on.version, now: on.now() };
    const kept = program === undefined ? undefined : decideKept({ ...facts, program }, ending);
    const contradicted = await check?.end(ending, log);
    return { ...ending, ...(kept && !contradicted && { kept }), ...(contradicted && { contradicted }) };
  };
}

/** Has an engine worker carry a run out, another one where it goes away. */
async function handOver(
  on: Dispatching,
  spec: Omit<WorkSpec, "runTimeoutMs" | "outagePatienceMs">,
  events: RunEvents,
  { stop, log }: { stop: AbortSignal; log: Log },
): Promise<Ending> {
  const { run } = spec;
  const { runTimeoutMs, outagePatienceMs } = on.config;
  const work = { ...spec, runTimeoutMs, outagePatienceMs };
  for (let lost = 1; ; lost += 1) {
    try {
      if (!on.engines.isThere(run.stack)) await tellWaiting(events, "engine", "its engine worker is away");
      const engine = await on.engines.find(run.stack, stop);
      return await inTime(engine.perform(work, events, stop), stop, () => engine.close());
    } catch (error) {
      if (stop.aborted && (error instanceof WorkerGone || error === stop.reason)) return stopped(stop, runTimeoutMs);
      if (!(error instanceof WorkerGone)) throw error;
      log.warn({ event: "run.worker_gone", reason: error.message, times: lost });
      if (lost >= MOST_LOST) return giveUp(spec, error);
    }
  }
}

/** What is left of a run whose worker does not say any more how it ended. */
function stopped(stop: AbortSignal, timeoutMs: number): Ending {
  return { verdict: judgeStop(stop.reason as StopReason, timeoutMs), outcomes: [] };
}

function giveUp({ run }: RunSpec, error: Error): Ending {
  const hint = "see the engine worker's log and its memory limit, then deploy again";
  const cause = causeOf("program_error", `${error.message}; ${MOST_LOST} times in this run`, hint);
  return { verdict: { next: "fail", cause }, outcomes: run.outcomes };
}

async function tellWaiting(events: RunEvents, of: string, message: string): Promise<void> {
  await events.append([{ at: Date.now(), type: "phase", data: { name: "waiting", for: of, message } }]).catch(() => {});
}

/** A worker that was told to stop and does not end is let go: it loses the run with its socket. */
async function inTime<T>(work: Promise<T>, stop: AbortSignal, letGo: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    timer = setTimeout(letGo, STOP_WITHIN);
  };
  stop.addEventListener("abort", wait, { once: true });
  if (stop.aborted) wait();
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", wait);
  }
}
