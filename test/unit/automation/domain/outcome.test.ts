import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TimedRecord } from "../../../../automation/domain/engine-record.ts";
import { reduceOutcomes, toService } from "../../../../automation/domain/outcome.ts";

/** Events of a real engine (3.259.0), cut down as the runner does: a data service `postgres`, and `authentik` that needs it. */
const recorded = JSON.parse(readFileSync(new URL("./fixtures/engine-events.json", import.meta.url), "utf8")) as Record<
  string,
  TimedRecord[]
>;

const SERVICES = ["postgres", "redis", "authentik", "minio"];
const SOME = ["redis", "authentik"];

function reduce(name: string, services = SERVICES, canceled = false): Record<string, string> {
  const records = recorded[name];
  if (!records) throw new Error(`nothing was recorded of "${name}"`);
  const outcomes = reduceOutcomes(records, services, canceled);
  return Object.fromEntries(outcomes.map(({ service, result, reason }) => [service, `${result}: ${reason}`]));
}

const UNCHANGED = Object.fromEntries(SERVICES.map((service) => [service, "unchanged: equal"]));

describe("outcomes of what a real engine told", () => {
  const NEW = Object.fromEntries(SERVICES.map((service) => [service, "created: new"]));
  test.each<[string, Record<string, string>]>([
    ["preview of the first", NEW],
    ["first", NEW],
    ["again", UNCHANGED],
    ["drift seen", { ...UNCHANGED, redis: "changed: drift: env.HAND" }],
    ["drift preview", { ...UNCHANGED, redis: "changed: drift: env.HAND" }],
    ["drift mended", { ...UNCHANGED, redis: "changed: drift: env.HAND" }],
    ["changed", { ...UNCHANGED, redis: "changed: changed: composeFile, env.ARGS" }],
    ["gone seen", { ...UNCHANGED, minio: "deleted: gone from Dokploy" }],
    ["gone mended", { ...UNCHANGED, minio: "created: gone from Dokploy" }],
    ["unwell mended", { ...UNCHANGED, minio: "changed: was not running well" }],
    ["failed before mended", { ...UNCHANGED, redis: "changed: failed before" }],
    [
      "failed update",
      { ...UNCHANGED, redis: "failed: unhealthy: redis is unhealthy", authentik: "skipped: needs redis" },
    ],
    [
      "failed create and skipped",
      {
        postgres: "failed: unhealthy: postgres is unhealthy",
        redis: "unchanged: equal",
        authentik: "skipped: needs postgres",
        minio: "created: new",
      },
    ],
    [
      "check failure",
      {
        postgres: "skipped: the update stopped at redis",
        redis: "failed: config_invalid: the mount of redis is wrong",
        authentik: "skipped: the update stopped at redis",
        minio: "unchanged: equal",
      },
    ],
    ["program error", Object.fromEntries(SERVICES.map((service) => [service, "skipped: the update ended before it"]))],
  ])("%s", (name, expected) => {
    expect(reduce(name)).toEqual(expected);
  });

  test.each(["removed", "removed preview"])("%s: data is retained, the rest deleted", (name) => {
    expect(reduce(name, SOME)).toEqual({
      redis: "unchanged: equal",
      authentik: "unchanged: equal",
      postgres: "retained: no longer in the release; left running with its data",
      minio: "deleted: no longer in the release",
    });
  });

  test("canceled: what had begun and what had not are told apart from what was done", () => {
    expect(reduce("canceled", SERVICES, true)).toEqual({
      postgres: "canceled: ended in the middle",
      redis: "canceled: ended in the middle",
      authentik: "canceled: not started",
      minio: "unchanged: equal",
    });
  });

  test("a failure carries its cause, its log and its time", () => {
    const redis = reduceOutcomes(recorded["failed update"] ?? [], SERVICES, false)[1];
    expect(redis).toMatchObject({
      service: "redis",
      cause: {
        code: "unhealthy",
        message: "redis is unhealthy",
        hint: "see its log, then deploy again (or roll back)",
        logTail: ["line one", "line two"],
      },
      seconds: expect.any(Number),
    });
  });

  test("a failure before the object existed is told like any other", () => {
    const postgres = reduceOutcomes(recorded["plain failure on create"] ?? [], SERVICES, false)[0];
    expect(postgres).toMatchObject({ result: "failed", cause: { code: "dokploy_unreachable" } });
  });
});

const URN = "urn:pulumi:staging::dockmaster::";
const COMPOSE = "dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose";
const SECRETS = "dockmaster:platform:Service$pulumi-nodejs:dynamic/vault:Secrets";
const step = (
  phase: "started" | "done" | "failed",
  op: string,
  name: string,
  keys: string[] = [],
  at = 0,
): TimedRecord => ({
  at,
  event: { type: "resource", phase, op, urn: `${URN}${COMPOSE}::${name}`, keys },
});
const problem = (urn: string | null, message: string): TimedRecord => ({
  at: 0,
  event: { type: "diagnostic", severity: "error", urn, message },
});

describe("outcomes", () => {
  test("tell drift and change apart when both came together", () => {
    const records = [
      step("started", "refresh", "redis"),
      step("done", "refresh", "redis", ["drift", "env.HAND", "deployed"]),
      step("started", "update", "redis", ["composeFile", "env.HAND"], 1000),
      step("done", "update", "redis", ["composeFile", "env.HAND"], 3500),
    ];
    expect(reduceOutcomes(records, ["redis"], false)).toEqual([
      { service: "redis", result: "changed", reason: "drift: env.HAND; changed: composeFile", seconds: 2.5 },
    ]);
  });

  test("say of a service that a drift check finds ill that it is not running well", () => {
    const records = [step("started", "refresh", "redis"), step("done", "update", "redis", ["deployed", "drift"])];
    expect(reduceOutcomes(records, ["redis"], false)).toMatchObject([
      { result: "changed", reason: "is not running well" },
    ]);
  });

  test("take a failure of a service's secrets for the service's", () => {
    const records = [problem(`${URN}${SECRETS}::redis-secrets`, "error: vault_denied: no right to read (ask for it)")];
    expect(reduceOutcomes(records, ["redis", "redis-cache"], false)).toMatchObject([
      { service: "redis", result: "failed", reason: "vault_denied: no right to read" },
      { service: "redis-cache", result: "skipped" },
    ]);
  });

  test("are none of what a service is made of, in whatever order the engine refreshes", () => {
    const child = `${URN}${SECRETS}::redis-redis_password`;
    const records: TimedRecord[] = [
      { at: 0, event: { type: "resource", phase: "started", op: "refresh", urn: child, keys: [] } },
      step("started", "refresh", "redis"),
      step("started", "update", "redis", ["composeFile"]),
      step("done", "update", "redis", ["composeFile"]),
    ];
    expect(reduceOutcomes(records, [], false)).toMatchObject([{ service: "redis", result: "changed" }]);
  });

  test("name all that failed when it is not known which one was needed", () => {
    const records = ["postgres", "minio"].flatMap((name) => [
      step("started", "update", name),
      problem(`${URN}${COMPOSE}::${name}`, "error: unhealthy: x (y)"),
      step("failed", "update", name),
    ]);
    expect(reduceOutcomes(records, SERVICES, false)[2]).toEqual({
      service: "authentik",
      result: "skipped",
      reason: "needs one of postgres, minio",
    });
  });

  test("of a failed step without a word are failures all the same", () => {
    const records = [step("started", "update", "redis"), step("failed", "update", "redis")];
    expect(reduceOutcomes(records, ["redis"], false)).toMatchObject([
      { result: "failed", cause: { code: "program_error" } },
    ]);
  });

  test("do not count warnings and what happens outside of services", () => {
    const records: TimedRecord[] = [
      {
        at: 0,
        event: { type: "diagnostic", severity: "warning", urn: `${URN}${COMPOSE}::redis`, message: "unhealthy: x" },
      },
      problem(null, "error: update failed"),
      problem(`${URN}pulumi-nodejs:dynamic/dokploy:Environment::environment`, "error: dokploy_auth: no (x)"),
      step("started", "same", "redis"),
      step("done", "same", "redis"),
    ];
    expect(reduceOutcomes(records, ["redis"], false)).toMatchObject([{ service: "redis", result: "unchanged" }]);
  });
});

test.each<[string, string | undefined]>([
  [`${URN}dockmaster:platform:Service::redis`, "redis"],
  [`${URN}${COMPOSE}::redis-cache`, "redis-cache"],
  [`${URN}${SECRETS}::redis`, "redis"],
  [`${URN}${SECRETS}::redis-cache-secrets`, "redis-cache"],
  [`${URN}${SECRETS}::other`, "other"],
  [`${URN}pulumi:pulumi:Stack::dockmaster-staging`, undefined],
  [`${URN}pulumi-nodejs:dynamic/dokploy:Environment::environment`, undefined],
  ["nonsense", undefined],
])("the service of %s is %s", (urn, service) => {
  expect(toService(urn, ["redis", "redis-cache"])).toBe(service);
});
