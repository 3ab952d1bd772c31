import { expect, test } from "vitest";
import { assessDrift, hasDrift } from "../../../../../automation/cli/laptop/drift-report.ts";
import type { ResourceRecord } from "../../../../../automation/engine/messages.ts";

const COMPONENT = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service";
const compose = (service: string) => `${COMPONENT}$pulumi-nodejs:dynamic/dokploy:Compose::${service}`;

function records(...steps: [op: string, urn: string, keys?: string[], phase?: ResourceRecord["phase"]][]) {
  return steps.map(([op, urn, keys = [], phase = "done"]) => ({
    event: { type: "resource" as const, phase, op, urn, keys },
    at: 0,
  }));
}

test("names what differs, service by service, in order of their names", () => {
  const found = assessDrift(
    records(
      ["same", `${COMPONENT}::redis`],
      ["refresh", compose("redis"), ["env.REDIS_MEMORY"], "started"],
      ["update", compose("redis"), ["drift", "drift[0]", "env.REDIS_MEMORY"]],
      ["same", compose("postgres")],
    ),
  );
  expect(found).toEqual([
    { service: "postgres", gone: false, keys: [] },
    { service: "redis", gone: false, keys: ["env.REDIS_MEMORY"] },
  ]);
  expect(found.map(hasDrift)).toEqual([false, true]);
});

test("a service that Dokploy has no more is drift, also one with data", () => {
  const found = assessDrift(records(["delete", compose("minio")], ["retain", compose("redis")]));
  expect(found.map(({ service, gone }) => [service, gone])).toEqual([
    ["minio", true],
    ["redis", true],
  ]);
});

test("a service that only stopped running well is drift", () => {
  expect(assessDrift(records(["update", compose("redis"), ["deployed", "drift"]]))[0]?.keys).toEqual(["deployed"]);
});

test("what is no service has a line only when it differs", () => {
  const environment = "urn:pulumi:staging::dockmaster::pulumi-nodejs:dynamic/dokploy:Environment::environment";
  expect(assessDrift(records(["same", environment]))).toEqual([]);
  expect(assessDrift(records(["update", environment, ["name"]]))).toEqual([
    { service: "environment", gone: false, keys: ["name"] },
  ]);
});
