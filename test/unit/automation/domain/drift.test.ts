import { expect, test } from "vitest";
import { assessDrift, isDrift } from "../../../../automation/domain/drift.ts";
import type { StepRecord } from "../../../../automation/domain/engine-record.ts";

const compose = (service: string) =>
  `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose::${service}`;
const environment = "urn:pulumi:staging::dockmaster::pulumi-nodejs:dynamic/dokploy:Environment::environment";

/** A refresh begins as `refresh` and ends as what it found. */
function refreshed(...found: [op: string, urn: string, keys?: string[]][]) {
  return found.flatMap(([op, urn, keys = []]) => {
    const step = (phase: StepRecord["phase"], op: string, keys: string[]) => ({
      event: { type: "resource" as const, phase, op, urn, keys },
      at: 0,
    });
    return [step("started", "refresh", []), step("done", op, keys)];
  });
}

test("tells of every service what a hand changed, in order of their names", () => {
  const found = assessDrift(
    refreshed(["update", compose("redis"), ["drift", "env.REDIS_MEMORY"]], ["same", compose("postgres")]),
  );
  expect(found.map(({ service, reason }) => [service, reason])).toEqual([
    ["postgres", "equal"],
    ["redis", "drift: env.REDIS_MEMORY"],
  ]);
  expect(found.map(isDrift)).toEqual([false, true]);
});

test.each([
  ["a service that is gone", "delete", compose("minio"), []],
  ["a service that only stopped running well", "update", compose("redis"), ["deployed", "drift"]],
  ["an environment that was renamed", "update", environment, ["name"]],
])("%s is drift", (_name, op, urn, keys) => {
  expect(assessDrift(refreshed([op, urn, keys])).map(isDrift)).toEqual([true]);
});

test("what is no service has no line while it is equal", () => {
  expect(assessDrift(refreshed(["same", environment]))).toEqual([]);
});
