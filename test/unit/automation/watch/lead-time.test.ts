import { expect, test } from "vitest";
import type { Run } from "../../../../automation/domain/run.ts";
import { createMetrics } from "../../../../automation/metrics.ts";
import { countLeadTime } from "../../../../automation/watch/watch-metrics.ts";

const HOUR = 3_600_000;
const asked = { kind: "deploy", stack: "staging", commit: "c", rollback: false, state: "succeeded" } as const;
const run = { ...asked, createdAt: 10 * HOUR, finishedAt: 11 * HOUR } as Run;

async function leadTime(ended: Run, isFirst: boolean, committedAt?: (commit: string) => Promise<number | undefined>) {
  const metrics = createMetrics();
  await countLeadTime({ metrics, committedAt }, ended, isFirst);
  const { values } = await metrics.leadTime.get();
  const find = (name: string) => values.find(({ metricName }) => metricName === `dockmaster_lead_time_seconds_${name}`);
  return { count: find("count")?.value ?? 0, hours: (find("sum")?.value ?? 0) / 3600 };
}

test.each<[string, Parameters<typeof leadTime>, { count: number; hours: number }]>([
  ["counts from when the commit was made", [run, true, async () => 2 * HOUR], { count: 1, hours: 9 }],
  ["counts from the request where Git does not tell", [run, true, async () => undefined], { count: 1, hours: 1 }],
  [
    "counts from the request where Git fails",
    [run, true, () => Promise.reject(new Error("away"))],
    { count: 1, hours: 1 },
  ],
  ["is not below nothing where clocks differ", [run, true, async () => 12 * HOUR], { count: 1, hours: 0 }],
  ["does not count a commit that was there before", [run, false], { count: 0, hours: 0 }],
  ["does not count what failed", [{ ...run, state: "failed" }, true], { count: 0, hours: 0 }],
  ["does not count going back", [{ ...run, rollback: true }, true], { count: 0, hours: 0 }],
  ["does not count a sync", [{ ...run, kind: "sync" }, true], { count: 0, hours: 0 }],
])("%s", async (_, given, expected) => {
  expect(await leadTime(...given)).toEqual(expected);
});
