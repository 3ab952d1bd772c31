import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../../../automation/store/open.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";
import { findWorker } from "./apart.ts";

// Each ends with a stack that a look answers.
describe("SIGKILL in the middle of an update", { timeout: 300_000 }, () => {
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  let releases = 1;
  const tag = () => `v1.0.${releases}`;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: folder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness(access, { program: platformProgram(["redis"]), apart: true });
    expect((await deploy()).by).toBe("engine");
  }, 240_000);
  afterAll(async () => {
    await harness?.stop();
    await dokploy?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const deploy = async (waitSeconds = 300) =>
    (await harness.deploy("staging", tag(), {}, { form: "v2", waitSeconds })).body;
  const run = async (id: unknown) => (await harness.send("GET", `/runs/${id}`)).body;
  const kept = async () => {
    const store = await openStore(`sqlite:${join(harness.folder, "data", "dockmaster.db")}`);
    return store.leftBehind("staging").finally(() => store.close());
  };

  /** An update that would change redis, with its engine at work. */
  const begin = async () => {
    expect(await kept()).toBeDefined();
    const composeId = (await kept())?.left.resources.find(({ type }) => type === "service") as { composeId: string };
    harness.origin.release(`v1.0.${++releases}`, { "notes.txt": `program ${releases}\n` });
    dokploy.control.edit(composeId.composeId, { env: `REDIS_ARGS=--by-hand-${releases}` });
    dokploy.control.addFault({ kind: "slow-deploy", service: "redis", ms: 20_000 });
    const { run: id } = await deploy(0);
    await until("redis is being deployed", 60_000, async () => {
      const { procedures } = dokploy.control.statistics();
      return (
        (await run(id)).attempts === 1 &&
        (procedures["compose.deploy"] ?? 0) + (procedures["compose.redeploy"] ?? 0) > 0
      );
    });
    expect(await kept()).toBeUndefined();
    return id;
  };
  beforeEach(() => dokploy.control.resetStatistics());

  const expectWell = async (id: unknown) => {
    const ended = await until("the run ends", 200_000, async () => {
      const found = await run(id);
      return found.finished_at === null ? undefined : found;
    });
    expect(ended).toMatchObject({ by: "engine", state: "succeeded" });
    expect(ended.attempts).toBeGreaterThan(1);
    expect(await deploy()).toMatchObject({ status: "success", by: "look", changed_services: [] });
  };

  test("of the door: nothing is left behind, the engine repairs, and then a look answers", async () => {
    const id = await begin();
    await harness.runner.kill();
    expect(await kept()).toBeUndefined();
    dokploy.control.clearFaults();
    await harness.restart();
    await expectWell(id);
  });

  test("of the engine worker: the same", async () => {
    const id = await begin();
    process.kill(findWorker(harness.runner.pid), "SIGKILL");
    dokploy.control.clearFaults();
    expect(await kept()).toBeUndefined();
    await expectWell(id);
  });
});
