import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ObservationView } from "../../../../automation/answer/observations.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

interface Watched {
  watch: { state: string; why?: string };
  open: ObservationView[];
  ended: ObservationView[];
}

const REDIS = "platform-redis-staging";

/** How long is waited for what two looks, one second apart, must have told long before: machines are busy. */
const PATIENCE = 60_000;

// One story: each change finds the stack as the sync before it left it.
describe("a stack that somebody changes by hand", { timeout: 240_000 }, () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  let composeId: string;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, WATCH_INTERVAL: "1" };
    harness = await startHarness(access, { program: platformProgram(["postgres", "redis"]) });
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    await isAsLeft();
    composeId = await redisId();
  }, 240_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(dokployFolder, { recursive: true, force: true });
  });

  const call = async (procedure: string, body?: object): Promise<unknown> => {
    const init = body && { method: "POST", body: JSON.stringify(body) };
    const headers = { "x-api-key": dokploy.apiKey, "content-type": "application/json" };
    const answer = await fetch(new URL(`/api/${procedure}`, dokploy.url), { headers, ...init });
    if (!answer.ok) throw new Error(`${procedure} answered ${answer.status}: ${await answer.text()}`);
    return answer.json().catch(() => undefined);
  };
  const redisId = async () => {
    type Project = { environments: { compose: { composeId: string; name: string }[] }[] };
    const projects = (await call("project.all")) as Project[];
    const all = projects.flatMap(({ environments }) => environments).flatMap(({ compose }) => compose);
    const redis = all.find(({ name }) => name === "redis");
    if (!redis) throw new Error("there is no redis");
    return redis.composeId;
  };
  const record = async () => (await call(`compose.one?composeId=${composeId}`)) as Record<string, string>;
  const container = async () => {
    const { appName } = await record();
    const rows = await call(`docker.getContainersByAppNameMatch?appName=${appName}&appType=docker-compose`);
    // Beside it are those that check it.
    const row = (rows as { containerId: string; name: string }[]).find(({ name }) => name === REDIS);
    if (!row) throw new Error("redis has no container");
    return row;
  };
  const watched = async () => (await harness.send("GET", "/stacks/staging/observations")).body as unknown as Watched;
  const isAsLeft = () =>
    until("it is as it was left", PATIENCE, async () => {
      const { watch, open } = await watched();
      return watch.state === "left" && open.length === 0;
    });
  const confirmed = () =>
    until("something is confirmed", PATIENCE, async () => {
      const { open } = await watched();
      const sure = open.filter(({ confirmed_at }) => confirmed_at !== null);
      return sure.length > 0 && sure.length === open.length ? sure : undefined;
    });
  const runs = async () => (await harness.send("GET", "/runs?env=staging")).body.runs as Record<string, unknown>[];
  const sync = async () => {
    dokploy.control.clearFaults();
    const { body } = await harness.send("POST", "/sync", { env: "staging", all: true }, { waitSeconds: 600 });
    expect(body).toMatchObject({ status: "success" });
    await isAsLeft();
    composeId = await redisId();
  };
  const fail = (outcome: "exit" | "restarting" | "unhealthy", exitCode = 1) =>
    dokploy.control.addFault({ kind: "containers", service: REDIS, outcome, exitCode, now: true, times: "always" });

  test("is asked of Dokploy and of no engine while nobody does", async () => {
    const before = await runs();
    dokploy.control.resetStatistics();
    await until("it was looked at five times", PATIENCE, () => {
      return (dokploy.control.statistics().procedures["compose.one"] ?? 0) >= 10;
    });
    expect(await runs()).toEqual(before);
    expect((await watched()).ended).toEqual([]);
    // One question for each service, one for their environment, one for all containers, and now and then one more.
    const { requests, procedures } = dokploy.control.statistics();
    expect(requests / ((procedures["compose.one"] ?? 2) / 2)).toBeLessThan(6);
  });

  test.each([
    [
      "an env value",
      async () => dokploy.control.edit(composeId, { env: `${(await record()).env}\nREDIS_MAXMEMORY=1gb` }),
      { kind: "changed", parts: ["env.REDIS_MAXMEMORY"] },
    ],
    [
      "its compose file",
      async () =>
        dokploy.control.edit(composeId, { composeFile: (await record()).composeFile?.replace("30s", "31s") ?? "" }),
      { kind: "changed", parts: ["composeFile"] },
    ],
    ["its name", async () => dokploy.control.edit(composeId, { name: "cache" }), { kind: "changed", parts: ["name"] }],
    [
      "a setting",
      async () => dokploy.control.edit(composeId, { autoDeploy: true }),
      { kind: "changed", parts: ["settings.autoDeploy"] },
    ],
    [
      "a route",
      async () =>
        call("domain.create", {
          composeId,
          host: "redis.example.org",
          path: "/",
          port: 6379,
          https: false,
          certificateType: "none",
          domainType: "compose",
          serviceName: "platform-redis-staging",
        }),
      { kind: "changed", parts: [expect.stringMatching(/^domains\.redis\.example\.org\//)] },
    ],
    [
      "a container that was stopped",
      async () => call("compose.stop", { composeId }),
      { kind: "unhealthy", found: expect.stringMatching(/^platform-redis-staging: exited/) },
    ],
    [
      "one that was killed",
      async () => fail("exit", 137),
      { kind: "unhealthy", found: expect.stringMatching(/^platform-redis-staging: (exited \(137\)|restarting)/) },
    ],
    [
      "one that crashes again and again",
      async () => fail("restarting"),
      { kind: "unhealthy", found: "platform-redis-staging: restarting" },
    ],
    [
      "one that is unhealthy",
      async () => fail("unhealthy"),
      { kind: "unhealthy", found: "platform-redis-staging: unhealthy" },
    ],
    [
      "one that was removed",
      async () => call("docker.removeContainer", { containerId: (await container()).containerId }),
      { kind: "gone", parts: [REDIS] },
    ],
    [
      "a service that was deleted",
      async () => call("compose.delete", { composeId, deleteVolumes: false }),
      { kind: "gone", parts: [], found: "gone from Dokploy" },
    ],
  ] as [string, () => Promise<unknown>, object][])(
    "names %s, and says when it is over",
    async (_name, change, found) => {
      await change();
      expect(await confirmed()).toEqual([expect.objectContaining({ service: "redis", ...found })]);
      await sync();
      expect((await watched()).ended[0]).toMatchObject(found);
    },
  );

  test("names containers that were swapped for others of the same name, and a sync takes note of them", async () => {
    await call("docker.removeContainer", { containerId: (await container()).containerId });
    await call("compose.start", { composeId });
    const found = await confirmed();
    expect(found.map(({ kind }) => kind)).toContain("replaced");
    await sync();
  });

  test("tells a restart once, with how often; the next update takes note of it, and looks answer again", async () => {
    fail("restarting");
    await confirmed();
    dokploy.control.clearFaults();
    await call("compose.start", { composeId });
    await until("it was told", PATIENCE, async () =>
      [...(await watched()).open, ...(await watched()).ended].some(({ kind }) => kind === "restarted"),
    );
    await sync();
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ by: "look" });
  });

  test("counts nothing while Dokploy is away", async () => {
    const before = (await watched()).ended.length;
    dokploy.control.addFault({ kind: "html", times: "always" });
    await until("it cannot be told", PATIENCE, async () => (await watched()).watch.state === "unknown");
    const { body } = await harness.send("GET", "/stacks");
    expect(body.stacks).toContainEqual(
      expect.objectContaining({ env: "staging", watch: expect.objectContaining({ state: "unknown" }) }),
    );
    dokploy.control.clearFaults();
    await isAsLeft();
    expect((await watched()).ended).toHaveLength(before);
  });

  test("is brought back where the main branch says so, with one engine", async () => {
    const file = "Pulumi.staging.yaml";
    const text = readFileSync(join(harness.origin.folder, file), "utf8");
    harness.origin.release("v1.0.9", { [file]: text.replace("config:\n", "config:\n  platform:drift: heal\n") });
    // Whatever asks next brings the main branch here.
    await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 600 });
    await harness.deploy("staging", "v1.0.9");
    await isAsLeft();
    const before = await runs();
    dokploy.control.edit(composeId, { autoDeploy: true });
    const run = await until("the watch asked for a sync", PATIENCE, async () =>
      (await runs()).find(({ triggered_by, state }) => triggered_by === "watch" && state === "succeeded"),
    );
    expect(run).toMatchObject({
      kind: "sync",
      by: "engine",
      reason: "redis: drift: settings.autoDeploy",
      tag: "v1.0.9",
    });
    await isAsLeft();
    expect(await record()).toMatchObject({ autoDeploy: false });
    expect(await runs()).toHaveLength(before.length + 1);
  });
});
