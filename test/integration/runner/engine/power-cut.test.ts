import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunView } from "../../../../automation/api/views.ts";
import { createOrigin, type Origin } from "../../../../emulator/demo/origin.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";
import { processesOf } from "./apart.ts";

const root = new URL("../../../..", import.meta.url).pathname;

/**
 * How long Dokploy refuses connections, and then takes them without an answer, in milliseconds. A real one is away for 90 s in all:
 * with POWER_CUT_TRUE=1 the times are true.
 */
const AWAY = process.env.POWER_CUT_TRUE ? { downMs: 20_000, silentMs: 70_000 } : { downMs: 3_000, silentMs: 5_000 };

let folder: string;
let emulator: Emulator;
let origin: Origin;
let harness: Harness;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-power-"));
  emulator = await startEmulator({ dataDir: join(folder, "dokploy") });
  origin = createOrigin(root, folder);
  harness = await startHarness(
    {
      GIT_REPO_URL: origin.url,
      DOKPLOY_URL: emulator.url,
      DOKPLOY_API_KEY: emulator.apiKey,
      DOKPLOY_TIMEOUT: "3",
      OUTAGE_PATIENCE: "600",
    },
    { apart: true },
  );
  origin.release("v1.0.1", "feat: the platform");
  const first = (await harness.deploy("staging", "v1.0.1")).body;
  expect(first, JSON.stringify(first)).toMatchObject({ status: "success" });
}, 240_000);

afterAll(async () => {
  await harness?.stop();
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

const look = async (id: unknown) => (await harness.send("GET", `/runs/${id}`)).body as RunView;
const ended = (id: unknown) =>
  until("the run ends", 400_000, async () => {
    const run = await look(id);
    return run.finished_at === null ? undefined : run;
  });

/** Deploys a release that changes both services, of which redis is in the middle of its deployment when this resolves. */
async function begin(tag: string, retries: number): Promise<unknown> {
  for (const service of ["postgres", "redis"]) {
    origin.edit(`components/${service}/compose.yaml`, (text) => text.replace(/retries: \d+/, `retries: ${retries}`));
  }
  origin.release(tag, `feat: ${retries} tries of each health check`);
  emulator.control.addFault({ kind: "stuck", service: "redis" });
  const { body } = await harness.deploy("staging", tag, {}, { waitSeconds: 0 });
  await until("redis is being deployed", 120_000, isRunning);
  return body.run;
}

/** Whether a deployment of redis runs in Dokploy, whatever else does. */
async function isRunning(): Promise<boolean> {
  const get = async (path: string) =>
    (await fetch(new URL(`/api/${path}`, emulator.url), { headers: { "x-api-key": emulator.apiKey } })).json();
  type Listed = { environments: { compose: { composeId: string; name: string }[] }[] };
  const projects = (await get("project.all")) as Listed[];
  const redis = projects.flatMap((p) => p.environments.flatMap((e) => e.compose)).find(({ name }) => name === "redis");
  if (!redis) return false;
  const rows = (await get(`deployment.allByCompose?composeId=${redis.composeId}`)) as { status: string }[];
  return rows.some(({ status }) => status === "running");
}

/** Held still first, so that none notices that the others are gone. */
async function cutPower(): Promise<void> {
  const victims = processesOf(harness.folder, [harness.runner.pid]);
  const signal = (name: NodeJS.Signals) => {
    for (const pid of victims) {
      try {
        process.kill(pid, name);
      } catch {}
    }
  };
  signal("SIGSTOP");
  await harness.runner.kill();
  signal("SIGKILL");
}

function expectWell(run: RunView): void {
  expect(run).toMatchObject({ state: "succeeded", cause: null });
  const outcomes = Object.fromEntries(run.outcomes.map(({ service, result, reason }) => [service, { result, reason }]));
  expect(outcomes).toEqual({
    postgres: { result: "changed", reason: expect.stringContaining("composeFile") },
    redis: { result: "changed", reason: expect.stringContaining("composeFile") },
  });
  for (const { reason } of run.outcomes) expect(reason).not.toMatch(/failed before|by hand|drift/);
}

describe("without a hand", { timeout: 600_000 }, () => {
  test("Dokploy restarts in the middle of a deploy: the run waits where it must, and succeeds", async () => {
    const id = await begin("v1.0.2", 7);
    const back = emulator.control.restart({ ...AWAY, waiting: "queued" });
    const run = await ended(id);
    await back;
    expectWell(run);
  });

  test("the power is cut: runner, engine and Dokploy are gone at once, Dokploy comes back late, the run succeeds", async () => {
    const id = await begin("v1.0.3", 8);
    const { port } = new URL(emulator.url);
    const { apiKey, dataDir } = emulator;
    await Promise.all([cutPower(), emulator.close()]);
    await Promise.all([harness.restart(), sleep(AWAY.downMs)]);
    await until("it waits and says for what", 120_000, async () => {
      const { state, waiting } = await look(id);
      return state === "waiting" && /^Dokploy is away since /.test(waiting?.message ?? "");
    });
    emulator = await startEmulator({ port: Number(port), apiKey, dataDir, silentMs: AWAY.silentMs });
    const run = await ended(id);
    expectWell(run);
    expect(run.attempts).toBeGreaterThan(1);
  });
});
