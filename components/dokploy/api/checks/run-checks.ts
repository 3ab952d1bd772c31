import { setTimeout } from "node:timers/promises";
import {
  type Analysis,
  addMeasurement,
  type Limits,
  type MeasuredPhase,
  type Measurement,
  NOT_MEASURED,
  type Phase,
  pauseAfter,
} from "../../rules/checks/analysis.ts";
import { type Check, type CheckInput, fullCheck, isPrometheus, nameOfCheck } from "../../rules/checks/check.ts";
import { judgeAnswer } from "../../rules/checks/prometheus.ts";
import { measureHttp } from "./http.ts";
import { type Asking, type PrometheusConnection, queryPrometheus } from "./prometheus.ts";

/** How a check ended. */
export interface CheckResult {
  /** Its name: `GET https://…`, `query …`. */
  check: string;
  /** `Running`: the signal came before it ended, and nothing had spoken against it. */
  phase: Phase;
  /** How its last measurement came out; absent: there was none. */
  last?: MeasuredPhase;
  /** Why, in words. What others wrote in it is not made harmless yet. */
  message: string;
}

/** What checks are run with. */
export interface CheckRun extends Pick<Asking, "send"> {
  /** Ends all of them: what had not ended is `Running`. Without it one that has no end would not have one. */
  signal?: AbortSignal;
  /** Where Prometheus is; a function is asked when a check needs it, and may throw. Without it such a check is an `Error`. */
  prometheus?: PrometheusConnection | (() => PrometheusConnection);
  /** How long to wait, in milliseconds. Default: as long as it says. */
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

/**
 * Runs checks side by side, each to its end, and says how each ended, in their order. Needs no resource and no state: an engine worker
 * runs those that are marked `watch` (`checksDuring`) with what the state has of them. Never rejects for what a check finds.
 */
export function runChecks(checks: readonly CheckInput[], run: CheckRun = {}): Promise<CheckResult[]> {
  return Promise.all(checks.map((check) => runCheck(fullCheck(check), run)));
}

async function runCheck(check: Check, run: CheckRun): Promise<CheckResult> {
  const limits = limitsOf(check);
  const { signal, sleep = pause } = run;
  let analysis: Analysis = NOT_MEASURED;
  let last: MeasuredPhase | undefined;
  const wait = async (seconds: number) => {
    if (seconds > 0 && !signal?.aborted) await sleep(seconds * 1000, signal).catch(() => {});
  };
  await wait(isPrometheus(check) ? check.prometheus.initialDelay : 0);
  while (analysis.phase === "Running" && !signal?.aborted) {
    const measured = await measure(check, run);
    // A question that was cut short says nothing.
    if (signal?.aborted && measured.phase !== "Successful") break;
    last = measured.phase;
    analysis = advance(check, analysis, measured, limits);
    if (analysis.phase === "Running") await wait(pauseAfter(analysis, limits));
  }
  const { phase, message } = analysis;
  return { check: nameOfCheck(check), phase, message, ...(last && { last }) };
}

/** One measurement; what it means for the whole is `addMeasurement`'s. Never rejects. */
export async function measure(check: Check, run: CheckRun): Promise<Measurement> {
  const { signal, send } = run;
  const asking = { signal, ...(send && { send }) };
  if (!isPrometheus(check)) return measureHttp(check, asking);
  const { prometheus: metric } = check;
  try {
    const connection = typeof run.prometheus === "function" ? run.prometheus() : run.prometheus;
    if (connection === undefined) return { phase: "Error", message: "PROMETHEUS_URL is not set" };
    return judgeAnswer(await queryPrometheus(connection, metric.query, asking), metric);
  } catch (error) {
    return { phase: "Error", message: (error as Error).message };
  }
}

/** A request is tried until it is answered as it should be: its first success ends it, and its last failure tells how often it was tried. */
function advance(check: Check, analysis: Analysis, measured: Measurement, limits: Limits): Analysis {
  const next = addMeasurement(analysis, measured, limits);
  if (isPrometheus(check)) return next;
  if (measured.phase === "Successful") return { ...next, phase: "Successful", message: measured.message };
  return next.phase === "Failed" ? { ...next, message: `${measured.message}, ${next.failed} times` } : next;
}

function limitsOf(check: Check): Limits {
  if (isPrometheus(check)) return check.prometheus;
  const { attempts, interval } = check;
  return { count: attempts, interval, failureLimit: attempts - 1, inconclusiveLimit: 0, consecutiveErrorLimit: 0 };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<unknown> {
  return setTimeout(ms, undefined, { ...(signal && { signal }), ref: true });
}
