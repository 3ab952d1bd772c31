import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

describe("a signed deploy, through real git and the real engine", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  test("the first release creates every service", async () => {
    const { status, body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({
      status: "success",
      env: "staging",
      tag: "v1.0.1",
      commit: harness.origin.git("rev-parse", "v1.0.1^{commit}"),
      deployed_services: ["postgres", "redis"],
      changed_services: ["postgres", "redis"],
      unchanged_services: [],
      reasons: { postgres: "new", redis: "new" },
    });
    expect(status).toBe(200);
    expect(harness.actions().map(({ op, id }) => `${op} ${id}`)).toEqual(
      expect.arrayContaining(["create staging/postgres", "create staging/redis"]),
    );
  }, 120_000);

  test("a release that changes one service touches that one only", async () => {
    harness.origin.release("v1.0.2", { "env.json": JSON.stringify({ redis: { MAXMEMORY: "64mb" } }) });
    const before = harness.actions().length;
    const { body } = await harness.deploy("staging", "v1.0.2");
    expect(body).toMatchObject({
      status: "success",
      changed_services: ["redis"],
      unchanged_services: ["postgres"],
      reasons: { postgres: "equal", redis: "changed: env.MAXMEMORY" },
    });
    expect(harness.actions().slice(before)).toMatchObject([
      { op: "update", id: "staging/redis", release: expect.stringMatching(/^v1\.0\.2 [0-9a-f]{7}$/) },
    ]);
  }, 120_000);

  test("the same release again changes nothing", async () => {
    const before = harness.actions().length;
    const { body } = await harness.deploy("staging", "v1.0.2");
    expect(body).toMatchObject({ status: "success", changed_services: [], unchanged_services: ["postgres", "redis"] });
    expect(harness.actions().length).toBe(before);
  }, 120_000);

  test("a new release that changes nothing for the services touches none of them", async () => {
    harness.origin.release("v1.0.6", { "README.md": "for people", "untracked/notes.txt": "and more" });
    const before = harness.actions().length;
    const { body } = await harness.deploy("staging", "v1.0.6");
    expect(body).toMatchObject({
      status: "success",
      tag: "v1.0.6",
      changed_services: [],
      reasons: { postgres: "equal", redis: "equal" },
    });
    expect(harness.actions().length).toBe(before);
  }, 120_000);

  test("what was changed by hand is fixed and named", async () => {
    const live = harness.live("staging/redis");
    harness.setLive("staging/redis", { ...live, env: { ...(live?.env as object), MAXMEMORY: "1gb" } });
    harness.setLive("staging/postgres", null);
    const { body } = await harness.deploy("staging", "v1.0.6");
    expect(body).toMatchObject({
      status: "success",
      changed_services: ["postgres", "redis"],
      reasons: { postgres: "gone from Dokploy", redis: "drift: env.MAXMEMORY" },
    });
    expect(harness.live("staging/redis")).toMatchObject({ env: { MAXMEMORY: "64mb" } });
  }, 120_000);

  test("a failed service is named with its cause while the other is brought up to date, and is tried again", async () => {
    harness.origin.release("v1.0.7", { "env.json": JSON.stringify({ redis: { N: "3" }, postgres: { N: "3" } }) });
    harness.script("staging/redis", {
      fail: "unhealthy: redis does not answer PING (see its log (container redis))\n+ redis-server\nout of memory",
    });
    const failed = await harness.deploy("staging", "v1.0.7");
    expect(failed.status).toBe(500);
    expect(failed.body).toMatchObject({
      status: "failed",
      changed_services: ["postgres"],
      failed_services: [
        {
          service: "redis",
          code: "unhealthy",
          message: "redis does not answer PING",
          hint: "see its log (container redis)",
          log: ["+ redis-server", "out of memory"],
        },
      ],
      cause: { code: "unhealthy" },
    });
    harness.script("staging/redis", null);
    const again = await harness.deploy("staging", "v1.0.7");
    expect(again.body).toMatchObject({
      status: "success",
      changed_services: ["redis"],
      reasons: { redis: "failed before" },
    });
  }, 120_000);

  test("a service that needs a failed one is skipped and says so", async () => {
    harness.origin.release("v1.0.8", {
      "env.json": JSON.stringify({ chained: true, redis: { N: "4" }, postgres: { N: "4" } }),
    });
    harness.script("staging/postgres", { fail: "deployment_failed: no such image (name an image that exists)" });
    const { status, body } = await harness.deploy("staging", "v1.0.8");
    harness.script("staging/postgres", null);
    expect(status).toBe(500);
    expect(body).toMatchObject({ skipped_services: ["redis"], reasons: { redis: "needs postgres" } });
  }, 120_000);

  test("a program that does not run fails with its own words", async () => {
    harness.origin.release("v1.0.9", { "env.json": JSON.stringify({ crash: "platform:domain is missing" }) });
    const { body } = await harness.deploy("staging", "v1.0.9");
    expect(body).toMatchObject({
      status: "failed",
      cause: {
        code: "program_error",
        log: expect.arrayContaining([expect.stringContaining("platform:domain is missing")]),
      },
    });
  }, 120_000);

  test("the record of every run can be read, newest first, and survives a restart", async () => {
    await harness.runner.stop(0);
    await harness.restart();
    const { body } = await harness.send("GET", "/runs?limit=3");
    const runs = body.runs as { id: string; state: string; tag: string }[];
    expect(runs.map(({ tag, state }) => [tag, state])).toEqual([
      ["v1.0.9", "failed"],
      ["v1.0.8", "failed"],
      ["v1.0.7", "succeeded"],
    ]);
    const one = await harness.send("GET", `/runs/${runs[2]!.id}`);
    expect(one.body).toMatchObject({ id: runs[2]!.id, triggered_by: "test", attempts: 1, rollback: false });
  }, 120_000);

  test("no secret is in the log, the record or the answers", async () => {
    const runs = JSON.stringify((await harness.send("GET", "/runs?limit=200")).body);
    for (const name of ["WEBHOOK_SECRET", "PULUMI_CONFIG_PASSPHRASE", "PLATFORM_KEY", "DOKPLOY_API_KEY"]) {
      expect(harness.logged()).not.toContain(harness.env[name]);
      expect(runs).not.toContain(harness.env[name]);
    }
  });
});
