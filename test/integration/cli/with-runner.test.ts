import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "../runner/harness.ts";
import { createInstantEngine, type InstantEngine } from "../runner/instant.ts";
import { type CliEnd, runCli, startCli } from "./run-cli.ts";

function cliOf(harness: Harness) {
  return { cwd: harness.origin.folder, env: { DOCKMASTER_URL: harness.runner.url, WEBHOOK_SECRET: harness.secret } };
}

const json = ({ stdout }: CliEnd) => JSON.parse(stdout);

describe("against a runner with real git and the real engine", { timeout: 240_000 }, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  }, 120_000);
  afterAll(() => harness.stop());
  const dockmaster = (...words: string[]) => runCli(words, cliOf(harness));

  test("a deploy is shown service by service as it happens", async () => {
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.0.1", "--wait");
    expect(code).toBe(0);
    expect(stdout).toContain("running the engine");
    expect(stdout).toContain("… redis: creating");
    expect(stdout).toMatch(/✔ redis: created in/);
    expect(stdout).toMatch(/✔ postgres +created .*new/);
    expect(stdout).toMatch(/✔ staging: deploy of v1.0.1 succeeded in/);
  });

  test("a failed service is told with its cause, and the run's log can be read afterwards", async () => {
    harness.script("staging/redis", { fail: "deployment_failed: no space left on device (make room)", once: true });
    harness.origin.release("v1.0.2", { "env.json": JSON.stringify({ redis: { MAXMEMORY: "64mb" } }) });
    const end = await dockmaster("deploy", "staging", "v1.0.2", "--wait", "--json");
    expect(end.code).toBe(1);
    expect(json(end)).toMatchObject({ status: "failed", cause: { code: "deployment_failed", hint: "make room" } });
    const { code, stdout } = await dockmaster("logs", json(end).run);
    expect(code).toBe(1);
    expect(stdout).toContain("redis: update failed (env.MAXMEMORY)");
    expect(stdout).toContain("no space left on device");
  });

  test("drift is found, told in status, and fixed by sync", async () => {
    expect((await dockmaster("deploy", "staging", "v1.0.2", "--wait")).code).toBe(0);
    const live = harness.live("staging/redis");
    harness.setLive("staging/redis", { ...live, env: { ...(live?.env as object), MAXMEMORY: "1gb" } });
    const drift = await dockmaster("drift", "staging", "--runner", "--json");
    expect(drift.code).toBe(1);
    expect(json(drift)).toMatchObject({
      status: "drift",
      services: [{ result: "unchanged" }, { reason: "drift: env.MAXMEMORY" }],
    });
    const unhealthy = await dockmaster("status");
    expect(unhealthy.code).toBe(1);
    expect(unhealthy.stdout).toMatch(/✘ staging +v1.0.2 .* yes +yes +0/);
    expect((await dockmaster("sync", "--wait", "--service", "redis")).code).toBe(0);
    expect((await dockmaster("status")).code).toBe(0);
  });

  test("a preview by the runner changes nothing", async () => {
    const commit = harness.origin.release(null, { "env.json": JSON.stringify({ redis: { MAXMEMORY: "96mb" } }) });
    const before = harness.actions().length;
    const { code, stdout, stderr } = await dockmaster("preview", "staging", "--runner", "--commit", commit);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/redis +change +changed: env.MAXMEMORY/);
    expect(harness.actions().length).toBe(before);
  });

  test("a deploy is followed across a restart of the runner", async () => {
    harness.script("staging/redis", { delayMs: 3000 });
    harness.origin.release("v1.0.3", { "env.json": JSON.stringify({ redis: { MAXMEMORY: "128mb" } }) });
    harness.env.PORT = new URL(harness.runner.url).port;
    const cli = startCli(["deploy", "staging", "v1.0.3", "--wait"], cliOf(harness));
    await cli.until("redis: changing");
    await harness.runner.stop(0);
    await cli.until("does not answer");
    await harness.restart();
    const { code, stdout } = await cli.ended;
    expect(stdout).toContain("deploy of v1.0.3 succeeded");
    expect(code).toBe(0);
  });
});

describe("against a runner that deploys at once", { timeout: 120_000 }, () => {
  let harness: Harness;
  let engine: InstantEngine;
  beforeAll(async () => {
    engine = createInstantEngine();
    harness = await startHarness({}, { perform: engine.perform });
  });
  afterAll(() => harness.stop());
  const dockmaster = (...words: string[]) => runCli(words, cliOf(harness));

  test("a release goes from its tag to production and back, by the CLI alone", async () => {
    harness.origin.release(null, { "a.txt": "1" });
    const first = (await dockmaster("release", "next")).stdout.trim();
    expect(first).toBe("v1.0.2");
    expect((await dockmaster("release", "promote", first)).code).toBe(1);
    expect((await dockmaster("deploy", "staging", first, "--wait")).code).toBe(0);
    const production = (await dockmaster("release", "promote", first)).stdout.trim();
    expect(production).toBe("v1.1.0");
    expect((await dockmaster("deploy", "production", production, "--wait")).code).toBe(0);

    harness.origin.release(null, { "a.txt": "2" });
    const second = (await dockmaster("release", "next")).stdout.trim();
    await dockmaster("deploy", "staging", second, "--wait");
    expect((await dockmaster("release", "promote", second)).stdout.trim()).toBe("v1.2.0");
    await dockmaster("deploy", "production", "v1.2.0", "--wait");
    const back = await dockmaster("rollback", "production", "--wait", "--json");
    expect([back.code, json(back)]).toEqual([0, expect.objectContaining({ command: "rollback", tag: "v1.1.0" })]);
    const listed = json(await dockmaster("release", "list", "--json"));
    const deployed = listed.releases.filter((release: { deployed: string[] }) => release.deployed.length > 0);
    expect(deployed).toMatchObject([
      { tag: second, deployed: ["staging"] },
      { tag: "v1.1.0", deployed: ["production"] },
    ]);
  });

  test("an old release is superseded, an unknown one and a bad name are refused", async () => {
    const old = await dockmaster("deploy", "staging", "v1.0.1", "--wait");
    expect([old.code, old.stdout]).toEqual([0, expect.stringContaining("dockmaster rollback staging --to v1.0.1")]);
    expect((await dockmaster("deploy", "staging", "v9.9.9", "--wait")).code).toBe(1);
    expect((await dockmaster("deploy", "staging", "main", "--wait")).code).toBe(2);
    expect((await dockmaster("deploy", "nowhere", "v1.0.1", "--wait")).code).toBe(2);
  });

  test("a run that takes longer goes on, and can be canceled", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    engine.hold = promise;
    harness.origin.release("v1.5.0", { "a.txt": "3" });
    const waited = await dockmaster("deploy", "staging", "v1.5.0", "--wait", "--timeout", "2", "--json");
    expect([waited.code, json(waited)]).toEqual([3, expect.objectContaining({ status: "in_progress" })]);
    const { run } = json(waited);
    const follower = startCli(["logs", run, "-f"], cliOf(harness));
    expect((await dockmaster("cancel", run)).code).toBe(0);
    expect((await follower.ended).code).toBe(1);
    expect((await dockmaster("runs", "--state", "canceled")).stdout).toContain(run);
    expect((await dockmaster("cancel", run)).stderr).toMatch(/ended already/);
    resolve();
    engine.hold = undefined;
  });
});
