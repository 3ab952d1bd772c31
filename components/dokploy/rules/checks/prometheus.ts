import { type Limits, lastCount, type MeasuredPhase, type Measurement } from "./analysis.ts";
import { type Condition, holds, parseCondition } from "./condition.ts";
import { checksDuring, fullDuring, type Timed, type TimedInput } from "./during.ts";
import type { Answer } from "./prometheus-answer.ts";

/** A query whose value decides, as a metric of Argo Rollouts does. */
export interface PrometheusCheck extends Timed {
  prometheus: Metric;
}

/** With every default filled in. */
export interface Metric extends Limits {
  query: string;
  /** E.g. `>= 0.95`. Without it whatever is no failure is a success. */
  success?: string;
  /** E.g. `< 0.90`. Without it whatever is no success is a failure. */
  failure?: string;
  /** Seconds until the first measurement. Default 0. */
  initialDelay: number;
}

export interface PrometheusCheckInput extends TimedInput {
  prometheus: MetricInput;
}

export type MetricInput = Pick<Metric, "query"> & { [Key in keyof Metric]?: Metric[Key] | undefined };

/** The check with every default: those of Argo Rollouts (utils/defaults/defaults.go). */
export function fullPrometheusCheck({ prometheus, ...rest }: PrometheusCheckInput): PrometheusCheck {
  const { query, success, failure, interval, count } = prometheus;
  const { failureLimit = 0, inconclusiveLimit = 0, consecutiveErrorLimit = 4, initialDelay = 0 } = prometheus;
  return {
    prometheus: {
      query,
      ...(success !== undefined && { success }),
      ...(failure !== undefined && { failure }),
      ...(interval !== undefined && { interval }),
      ...(count !== undefined && { count }),
      failureLimit,
      inconclusiveLimit,
      consecutiveErrorLimit,
      initialDelay,
    },
    ...fullDuring(rest),
  };
}

/** What is wrong with a metric, by key; `query` stands for the whole. Argo Rollouts refuses the same (utils/analysis, ValidateMetric). */
export function mistakesInMetric(check: PrometheusCheckInput): { key: keyof Metric; message: string }[] {
  const { prometheus: metric } = fullPrometheusCheck(check);
  const { query, success, failure, count, interval, failureLimit, inconclusiveLimit } = metric;
  const conditions = Object.entries({ success, failure }) as ["success" | "failure", string | undefined][];
  const isEndless = checksDuring([check], "release").length > 0 && lastCount(metric) === Number.POSITIVE_INFINITY;
  const found: [keyof Metric, string | false][] = [
    ["query", query.trim() === "" && "is empty; write what Prometheus shall be asked"],
    ["query", !success && !failure && 'is never judged; write `success`, `failure` or both, e.g. `success: ">= 0.95"`'],
    ...conditions.map(([key, text]): [keyof Metric, string | false] => [
      key,
      text !== undefined &&
        !parseCondition(text) &&
        "is no condition on a number; write it like `>= 0.95`, with one of >=, >, <=, <, ==, !=",
    ]),
    [
      "interval",
      (count ?? 0) > 1 &&
        interval === undefined &&
        "is missing; with a `count` above 1 it says how long to wait, e.g. `30s`",
    ],
    ["count", isEndless && "is missing; with an `interval` and without it a release would never end"],
    ["failureLimit", count !== undefined && count < failureLimit && "is above `count`: it could never fail"],
    ["inconclusiveLimit", count !== undefined && count < inconclusiveLimit && "is above `count`: it would never stop"],
  ];
  return found.flatMap(([key, message]) => (message === false ? [] : [{ key, message }]));
}

export function mistakesInPrometheusCheck(check: PrometheusCheckInput): string[] {
  return mistakesInMetric(check).map(({ key, message }) => `${nameOfPrometheusCheck(check)}: \`${key}\` ${message}`);
}

/** What the check is called: `query sum(rate(…))`. */
export function nameOfPrometheusCheck({ prometheus: { query } }: PrometheusCheckInput): string {
  const line = query.trim().replaceAll(/\s+/g, " ");
  return `query ${line.length > 120 ? `${line.slice(0, 119)}…` : line}`;
}

/** From bad to good: of several series the first of these counts. */
const WORST: readonly MeasuredPhase[] = ["Failed", "Inconclusive", "Successful"];

/**
 * What an answer says under the conditions of the check. Success has to hold for every series, a failure is one that holds for any. No
 * series, or a value that is not a number, is no data, and that is inconclusive whatever the conditions are: of a ratio without requests
 * nobody knows whether it is good. What could not be asked is an error, and no failure.
 */
export function judgeAnswer(answer: Answer, { success, failure }: Pick<Metric, "success" | "failure">): Measurement {
  if ("error" in answer) return { phase: "Error", message: `Prometheus ${answer.error}` };
  if (answer.values.length === 0) return { phase: "Inconclusive", message: "no data" };
  const good = success === undefined ? undefined : parseCondition(success);
  const bad = failure === undefined ? undefined : parseCondition(failure);
  const phases = answer.values.map((value) => judge(value, good, bad));
  const phase = WORST.find((each) => phases.includes(each)) ?? "Inconclusive";
  const value = answer.values[phases.indexOf(phase)] ?? Number.NaN;
  const several = answer.values.length > 1 ? ` in one of ${answer.values.length} series` : "";
  return {
    phase,
    message: `${Number.isNaN(value) ? "no data (NaN)" : explain(phase, value, { success, failure })}${several}`,
  };
}

/** As Argo Rollouts does it: failure goes first (utils/evaluate/evaluate.go, EvaluateResult). */
function judge(value: number, good: Condition | undefined, bad: Condition | undefined): MeasuredPhase {
  if (Number.isNaN(value)) return "Inconclusive";
  if (bad ? holds(bad, value) : good && !holds(good, value)) return "Failed";
  return good === undefined || holds(good, value) ? "Successful" : "Inconclusive";
}

function explain(
  phase: MeasuredPhase,
  value: number,
  { success, failure }: Pick<Metric, "success" | "failure">,
): string {
  if (phase === "Inconclusive") return `${value} is neither ${success} nor ${failure}`;
  if (phase === "Failed") return failure === undefined ? `${value} is not ${success}` : `${value} is ${failure}`;
  return success === undefined ? `${value} is not ${failure}` : `${value} is ${success}`;
}
