import { afterEach, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";

let harness: Harness;
afterEach(() => harness.stop());

/** Where metrics are served without a token, as the log says it. */
function metricsUrl(): string {
  const line = harness
    .logged()
    .split("\n")
    .find((each) => each.includes('"runner.listening"'));
  return (JSON.parse(line ?? "{}") as { metrics: string }).metrics;
}

test.each([
  ["on this machine alone, wherever requests are taken", {}, "http://127.0.0.1:"],
  ["where it was said", { METRICS_HOST: "0.0.0.0" }, "http://0.0.0.0:"],
  ["where it was said, by IPv6 too", { METRICS_HOST: "::1" }, "http://[::1]:"],
])("metrics without a token are %s", async (_, env, start) => {
  harness = await startHarness({ HOST: "0.0.0.0", METRICS_PORT: "0", ...env });
  expect(metricsUrl()).toMatch(start);
  const answer = await fetch(new URL("/metrics", metricsUrl()));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("dockmaster_");
  expect((await fetch(new URL("/metrics", harness.runner.url))).status).toBe(401);
});
