// How measurements become a verdict, in the words and with the meaning of Argo Rollouts' metrics:
// https://github.com/argoproj/argo-rollouts/blob/master/analysis/analysis.go (assessMetricStatus) and
// https://argo-rollouts.readthedocs.io/en/stable/features/analysis/

/** What one measurement says. `Inconclusive`: neither success nor failure · `Error`: there was no measurement. */
export type MeasuredPhase = "Successful" | "Failed" | "Inconclusive" | "Error";

/** Where a check stands: still measured, or how it ended. */
export type Phase = "Running" | MeasuredPhase;

/** One measurement, and why it says what it says, in words. */
export interface Measurement {
  phase: MeasuredPhase;
  message: string;
}

/** How many measurements of which kind decide. */
export interface Limits {
  /** Measurements until it is a success, errors not counted. Without it: one, or without an end where there is an `interval`. */
  count?: number;
  /** Seconds between two measurements. */
  interval?: number;
  /** More failures than these are a failure. */
  failureLimit: number;
  /** More measurements without a verdict than these end it without one. */
  inconclusiveLimit: number;
  /** More errors in a row than these end it as an error. */
  consecutiveErrorLimit: number;
}

/** What was measured so far. A plain value: it can be kept, and gone on with elsewhere. */
export interface Analysis {
  phase: Phase;
  /** Measurements without errors. */
  count: number;
  failed: number;
  inconclusive: number;
  /** Errors since the last measurement that was none. */
  consecutiveErrors: number;
  /** Why the phase is what it is; of a running one, what was measured last. */
  message: string;
}

/** Before the first measurement. */
export const NOT_MEASURED: Analysis = {
  phase: "Running",
  count: 0,
  failed: 0,
  inconclusive: 0,
  consecutiveErrors: 0,
  message: "not measured yet",
};

/** Adds a measurement. One that has ended stays as it is. */
export function addMeasurement(analysis: Analysis, measured: Measurement, limits: Limits): Analysis {
  if (analysis.phase !== "Running") return analysis;
  const isError = measured.phase === "Error";
  const next = {
    count: analysis.count + (isError ? 0 : 1),
    failed: analysis.failed + (measured.phase === "Failed" ? 1 : 0),
    inconclusive: analysis.inconclusive + (measured.phase === "Inconclusive" ? 1 : 0),
    consecutiveErrors: isError ? analysis.consecutiveErrors + 1 : 0,
  };
  const { phase, why } = assess(next, limits);
  return { ...next, phase, message: why === undefined ? measured.message : `${measured.message} (${why})` };
}

type Counts = Omit<Analysis, "phase" | "message">;

function assess(counts: Counts, limits: Limits): { phase: Phase; why?: string } {
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit } = limits;
  if (counts.failed > failureLimit) return { phase: "Failed", why: beyond("failed", counts.failed, failureLimit) };
  if (counts.inconclusive > inconclusiveLimit)
    return { phase: "Inconclusive", why: beyond("inconclusive", counts.inconclusive, inconclusiveLimit) };
  if (counts.consecutiveErrors > consecutiveErrorLimit)
    return { phase: "Error", why: beyond("not measured", counts.consecutiveErrors, consecutiveErrorLimit) };
  // Failures within their limit do not count any more.
  return counts.count >= lastCount(limits) ? { phase: "Successful" } : { phase: "Running" };
}

function beyond(what: string, count: number, limit: number): string | undefined {
  return limit === 0 && count === 1 ? undefined : `${what} ${count} times, ${limit} allowed`;
}

/** How many measurements make a success; an interval without a count has no end. */
export function lastCount({ count, interval }: Pick<Limits, "count" | "interval">): number {
  if (count) return count;
  return interval === undefined ? 1 : Number.POSITIVE_INFINITY;
}

/** Seconds until one that failed to measure is tried again, whatever the interval (DefaultErrorRetryInterval of Argo's controller). */
const ERROR_RETRY = 10;

/** Seconds from one measurement to the next. */
export function pauseAfter({ consecutiveErrors }: Analysis, { interval }: Limits): number {
  return consecutiveErrors > 0 ? ERROR_RETRY : (interval ?? ERROR_RETRY);
}
