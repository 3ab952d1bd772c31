import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { processesOf } from "../engine/apart.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

const REDIS = "components/redis/compose.yaml";

describe("what a run says of services that it did not find as the state has them", () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness(access, { program: platformProgram(["postgres", "redis"]), apart: true });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
  }, 240_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(dokployFolder, { recursive: true, force: true });
  });

  test("after all was killed in the middle of a deployment: what changed, and that the run before did not finish it", async () => {
    const text = readFileSync(join(harness.origin.folder, REDIS), "utf8");
    harness.origin.release("v1.0.2", { [REDIS]: text.replace("stop_grace_period: 30s", "stop_grace_period: 45s") });
    dokploy.control.addFault({ kind: "slow-deploy", service: "redis", ms: 600_000 });
    const { body } = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    await until("redis is being deployed", 120_000, () => {
      const { procedures } = dokploy.control.statistics();
      return (procedures["compose.deploy"] ?? 0) >= 3;
    });
    const victims = processesOf(harness.folder, [harness.runner.pid]);
    await harness.runner.kill();
    for (const pid of victims) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {}
    }
    await dokploy.control.restart();
    dokploy.control.clearFaults();
    await harness.restart();
    const run = await until("the run ends", 180_000, async () => {
      const answer = await harness.send("GET", `/runs/${body.run}`);
      return answer.body.finished_at === null ? undefined : answer.body;
    });
    expect(run).toMatchObject({
      state: "succeeded",
      outcomes: [
        { service: "postgres", result: "unchanged", reason: "equal" },
        { service: "redis", result: "changed", reason: "changed: composeFile; the run before did not finish it" },
      ],
    });
  }, 400_000);

  test("after the loss of the state: taken over, and nothing changed", async () => {
    const state = join(harness.folder, "data/state");
    rmSync(state, { recursive: true });
    mkdirSync(state);
    const { body } = await harness.send("POST", "/sync", { env: "staging", all: true }, { waitSeconds: 120 });
    expect(body).toMatchObject({
      status: "success",
      changed_services: [],
      unchanged_services: ["postgres", "redis"],
      reasons: { postgres: "taken over", redis: "taken over" },
    });
    const { stacks } = (await harness.send("GET", "/stacks")).body as { stacks: object[] };
    expect(stacks).toContainEqual(expect.objectContaining({ env: "staging", healthy: true }));
  }, 240_000);
});
