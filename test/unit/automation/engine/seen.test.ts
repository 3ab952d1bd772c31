import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { expect, test } from "vitest";
import { countResources, judgeSeen } from "../../../../automation/engine/seen.ts";

const COMPOSE = "pulumi-nodejs:dynamic/dokploy:Compose";
const ENVIRONMENT = "pulumi-nodejs:dynamic/dokploy:Environment";
const service = (composeId: string, more: object = {}) => ({
  format: 1,
  ...{ type: "service", service: composeId, composeId, appName: "a", environmentId: "e", organizationId: "o" },
  ...{ serverUrl: "https://dokploy.example.org", parts: { name: "1" }, ignore: [] },
  ...more,
});
const environment = { format: 1, type: "environment", id: "e1", organizationId: "o", serverUrl: "u", parts: {} };
const lines = (...all: object[]) => all.map((each) => `${JSON.stringify(each)}\n`).join("");
const custom = new Map([
  ["urn::redis", { type: COMPOSE, id: "redis" }],
  ["urn::env", { type: ENVIRONMENT, id: "e1" }],
]);
const strip = ({ format: _, ...rest }: Record<string, unknown>) => rest;

test("all that was told of every resource, each as it was told last", () => {
  const later = service("redis", { parts: { name: "2" } });
  expect(judgeSeen(lines(service("redis"), environment, later), custom)).toEqual({
    resources: [strip(later), strip(environment)],
  });
});

test("what is not in the state does not count", () => {
  expect(judgeSeen(lines(service("redis"), environment, service("gone")), custom)).toHaveProperty(
    "resources.length",
    2,
  );
});

const forget = { format: 1, type: "service", service: "redis", id: "redis", forget: true };
test.each<[string, string, string]>([
  ["one is missing", lines(service("redis")), "did not tell how it left env"],
  ["one was seen otherwise last", lines(service("redis"), environment, forget), "did not tell how it left redis"],
  ["nothing was told", "", "did not tell"],
  ["a line is cut off", `${lines(environment)}{"format":1,"ty`, "what no look reads"],
  ["it is in another form", lines(environment, service("redis", { format: 2 })), "in another form"],
])("where %s, nothing is left", (_, text, why) => {
  expect(judgeSeen(text, custom)).toEqual({ missing: expect.stringContaining(why) });
});

test("one that was seen well again after it was not counts", () => {
  expect(judgeSeen(lines(environment, forget, service("redis")), custom)).toHaveProperty("resources.length", 2);
});

test("a resource that only an engine reads keeps all from being left", () => {
  const more = new Map([...custom, ["urn::policy", { type: "vault:index/policy:Policy", id: "p" }]]);
  expect(judgeSeen(lines(environment, service("redis")), more)).toEqual({
    missing: "only an engine reads vault:index/policy:Policy",
  });
});

const event = (op: string, urn: string, type: string, more: object = {}) =>
  ({
    resOutputsEvent: { metadata: { op, urn, type, new: { type, urn, custom: true, id: urn, ...more } } },
  }) as EngineEvent;

test("of an engine's events those resources count that something outside of the state stands for", () => {
  const count = countResources();
  count.event(event("refresh", "a", COMPOSE));
  count.event(event("same", "a", COMPOSE));
  count.event(event("create", "b", COMPOSE, { id: "made" }));
  count.event(event("same", "component", "dockmaster:platform:Redis", { custom: false }));
  count.event(event("same", "check", "command:local:Command"));
  count.event(event("same", "provider", "pulumi:providers:vault"));
  count.event(event("refresh", "c", COMPOSE));
  count.event(event("delete", "c", COMPOSE));
  count.event({} as EngineEvent);
  expect([...count.left()]).toEqual([
    ["a", { type: COMPOSE, id: "a" }],
    ["b", { type: COMPOSE, id: "made" }],
  ]);
});
