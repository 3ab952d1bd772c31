import { z } from "zod";
import { parseDuration } from "../../compose/duration.ts";
import { mistakesInMetric, type PrometheusCheckInput } from "../../dokploy/rules/checks/prometheus.ts";
import type { CheckKind } from "./kind.ts";

/** A query at Prometheus whose value decides; times in seconds. */
export type PrometheusCheck = PrometheusCheckInput;

/** Longer than anybody waits. */
const DAY = 86_400;

const duration = (least: number) =>
  z
    .union([z.number(), z.string()])
    .transform((given) => (typeof given === "number" ? given : (parseDuration(given.trim()) ?? Number.NaN)))
    .refine(
      (seconds) => seconds >= least && seconds <= DAY,
      `is no time from ${least} s to a day; write it like \`30s\` or \`5m\``,
    );
const limit = z.int().min(0).max(1000).optional();

const condition = z.string().min(1).optional();

/** Its keys in a stack's file, as Argo Rollouts has them for a metric. */
const metric = z.strictObject({
  query: z.string().min(1).describe("In PromQL; it has to end in a number, or one for each series."),
  success: condition.describe(
    "When a measurement is a success, e.g. `>= 0.95`: for every series. Without it: when it is no failure.",
  ),
  failure: condition.describe(
    "When it is a failure, e.g. `< 0.90`: for any series. Without it: when it is no success.",
  ),
  interval: duration(1).optional().describe("Time between two measurements, e.g. `30s`; a number is seconds."),
  count: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("Measurements that make a success. 1 unless given, or no end with an `interval`."),
  failureLimit: limit.describe("Failures that are allowed. 0 unless given."),
  inconclusiveLimit: limit.describe("Measurements that are allowed to be neither. 0 unless given."),
  consecutiveErrorLimit: limit.describe(
    "Errors in a row that are allowed: Prometheus away, a query that it refuses. 4 unless given.",
  ),
  initialDelay: duration(0).optional().describe("Time before the first measurement, e.g. `1m`. None unless given."),
});

/** Made by the provider, at `PROMETHEUS_URL`. */
export const prometheus: CheckKind<PrometheusCheck> = {
  key: "prometheus",
  noun: "a query",
  shape: { prometheus: metric.describe("A query at `PROMETHEUS_URL` whose value decides.") },
  mistakes: (check) => mistakesInMetric(check).map(({ key, message }) => ({ path: ["prometheus", key], message })),
};
