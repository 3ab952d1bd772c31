import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StackView } from "../../../../automation/answer/stacks.ts";
import type { RunView } from "../../../../automation/api/views.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

const REDIS = "components/redis/compose.yaml";

describe("a release that crashes seconds after it was healthy", () => {
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: folder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, WATCH_INTERVAL: "2" };
    harness = await startHarness(access, { program: platformProgram(["redis"]) });
  }, 120_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const stack = async (): Promise<StackView> => {
    const { stacks } = (await harness.send("GET", "/stacks")).body as { stacks: StackView[] };
    const found = stacks.find(({ env }) => env === "staging");
    if (!found) throw new Error("there is no staging");
    return found;
  };
  const release = (tag: string, seconds: number) => {
    const file = readFileSync(join(harness.origin.folder, REDIS), "utf8");
    const stackFile = readFileSync(join(harness.origin.folder, "Pulumi.staging.yaml"), "utf8");
    const settings = "  promotion:watch: 30s\n  promotion:onTrouble: rollback\n";
    return harness.origin.release(tag, {
      [REDIS]: file.replace(/stop_grace_period: \d+s/, `stop_grace_period: ${seconds}s`),
      "Pulumi.staging.yaml": stackFile.includes("promotion:") ? stackFile : `${stackFile}${settings}`,
    });
  };
  const runs = async () => (await harness.send("GET", "/runs?env=staging")).body.runs as RunView[];

  test("is found, goes back to the release that was confirmed last, and the stack is held", async () => {
    const good = release("v1.0.2", 31);
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    await until("it is confirmed", 120_000, async () => (await stack()).confirmed?.commit === good);

    const bad = release("v1.0.3", 32);
    // Well for longer than an update waits, and no longer.
    dokploy.control.addFault({
      ...{ kind: "containers", service: "platform-redis-staging", outcome: "restarting" },
      ...{ exitCode: 3, afterMs: 25_000, times: 1 },
    });
    expect((await harness.deploy("staging", "v1.0.3")).body).toMatchObject({ status: "success", commit: bad });
    await until("it is taken back", 120_000, async () => (await stack()).holds?.length === 1);
    await until("it is back", 120_000, async () => {
      const [newest] = await runs();
      return newest?.rollback && newest.finished_at !== null;
    });

    const [back, ...before] = await runs();
    expect(back).toMatchObject({
      ...{ kind: "deploy", state: "succeeded", rollback: true, tag: "v1.0.2", commit: good, triggered_by: "watch" },
      reason: expect.stringMatching(/^v1\.0\.3 was taken back: redis: /),
    });
    expect(before.filter(({ rollback }) => rollback)).toEqual([]);
    expect(await stack()).toMatchObject({
      ...{ tag: "v1.0.2", confirmed: { tag: "v1.0.2", commit: good } },
      holds: [{ by: "dockmaster", until: null, taken_back: { tag: "v1.0.3", commit: bad } }],
    });
    // The same again waits; a newer one is let through, and ends the hold.
    const again = await harness.deploy("staging", "v1.0.3", {}, { waitSeconds: 0, form: "v2" });
    expect(again).toMatchObject({ status: 202, body: { status: "waiting", gate: { by: "dockmaster" } } });
    release("v1.0.4", 33);
    expect((await harness.deploy("staging", "v1.0.4")).body).toMatchObject({ status: "success", tag: "v1.0.4" });
    expect((await stack()).holds).toEqual([]);
  }, 600_000);
});
