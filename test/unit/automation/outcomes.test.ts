import { expect, test } from "vitest";
import type { EngineRecord, ResourceRecord } from "../../../automation/engine/messages.ts";
import { reduceOutcomes, toService } from "../../../automation/outcomes.ts";

const component = (service: string) => `urn:pulumi:staging::dockmaster::dockmaster:platform:Service::${service}`;
const inner = (service: string) =>
  `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose::${service}`;
const step = (
  urn: string,
  op: string,
  phase: ResourceRecord["phase"] = "done",
  keys: string[] = [],
): ResourceRecord => ({ type: "resource", phase, op, urn, keys });
const error = (urn: string | null, message: string): EngineRecord => ({
  type: "diagnostic",
  severity: "error",
  urn,
  message,
});
const reduce = (events: EngineRecord[], expected = ["redis"], canceled = false) =>
  reduceOutcomes(
    events.map((event, at) => ({ event, at: at * 1000 })),
    expected,
    canceled,
  );

test.each<[string, string | undefined]>([
  [component("redis"), "redis"],
  [inner("redis"), "redis"],
  ["urn:pulumi:staging::dockmaster::pulumi:pulumi:Stack::dockmaster-staging", undefined],
  ["urn:pulumi:staging::dockmaster::pulumi-nodejs:dynamic/dokploy:Environment::environment", undefined],
  ["", undefined],
])("the service of %s is %s", (urn, service) => {
  expect(toService(urn)).toBe(service);
});

test.each<[string, EngineRecord[], string, string]>([
  ["created", [step(component("redis"), "create"), step(inner("redis"), "create")], "created", "new"],
  ["left alone", [step(inner("redis"), "refresh"), step(inner("redis"), "same")], "unchanged", "equal"],
  [
    "changed by the release",
    [step(inner("redis"), "update", "done", ["composeFile", "env.MAX"])],
    "changed",
    "changed: composeFile, env.MAX",
  ],
  [
    "changed by hand",
    [step(inner("redis"), "refresh", "done", ["env.MAX"]), step(inner("redis"), "update", "done", ["env"])],
    "changed",
    "drift: env.MAX",
  ],
  [
    "not running well",
    [step(inner("redis"), "refresh", "done", ["deployed"]), step(inner("redis"), "update")],
    "changed",
    "was not running well",
  ],
  ["failed the last time", [step(inner("redis"), "update")], "changed", "failed before"],
  [
    "deleted by hand",
    [step(inner("redis"), "gone"), step(inner("redis"), "create")],
    "created",
    "was gone from Dokploy",
  ],
  ["taken out of the release", [step(inner("redis"), "delete")], "deleted", "no longer in the release"],
  [
    "taken out of the release with data",
    [step(inner("redis"), "retain")],
    "retained",
    "no longer in the release; left running with its data",
  ],
  [
    "failed",
    [
      step(inner("redis"), "create", "started"),
      error(inner("redis"), "unhealthy: no PING (see the log)"),
      step(inner("redis"), "create", "failed"),
    ],
    "failed",
    "unhealthy: no PING",
  ],
  [
    "refused before any step",
    [error(inner("redis"), "config_invalid: bad (mend it)")],
    "failed",
    "config_invalid: bad",
  ],
  ["never reached", [step(component("redis"), "same")], "skipped", "the update ended before it"],
])("a service that was %s", (_name, events, result, reason) => {
  expect(reduce(events)).toMatchObject([{ service: "redis", result, reason }]);
});

test("a service that was left out because of another names it, also without any event of its own", () => {
  const failed = [step(inner("postgres"), "create", "started"), error(inner("postgres"), "unhealthy: no (see)")];
  expect(reduce(failed, ["postgres", "redis"])).toMatchObject([
    { service: "postgres", result: "failed" },
    { service: "redis", result: "skipped", reason: "needs postgres" },
  ]);
});

test("what a canceled update did not come to is canceled, and what it was at too", () => {
  const cut = [step(inner("postgres"), "update", "started")];
  expect(reduce(cut, ["postgres", "redis"], true)).toMatchObject([
    { service: "postgres", result: "canceled" },
    { service: "redis", result: "canceled", reason: "not started" },
  ]);
});

test("a warning does not make a service failed", () => {
  const warned: EngineRecord[] = [
    { type: "diagnostic", severity: "warning", urn: inner("redis"), message: "slow" },
    step(inner("redis"), "same"),
  ];
  expect(reduce(warned)).toMatchObject([{ result: "unchanged" }]);
});

test("seconds count from the first step to the last, without the refresh", () => {
  const events = [
    step(inner("redis"), "refresh"),
    step(inner("redis"), "update", "started"),
    step(inner("redis"), "update"),
  ];
  expect(reduce(events)).toMatchObject([{ seconds: 1 }]);
});
