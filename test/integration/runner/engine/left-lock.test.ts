import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";
import { findWorker, processesOf } from "./apart.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({}, { apart: true });
  expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
}, 120_000);
afterAll(() => harness.stop());

const locks = () => {
  const folder = join(harness.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
};
const release = (tag: string) =>
  harness.origin.release(tag, { "env.json": JSON.stringify({ postgres: { TAG: tag }, redis: { TAG: tag } }) });
const signal = (pids: number[], name: NodeJS.Signals) => {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {}
  }
};
const run = async (id: unknown) => (await harness.send("GET", `/runs/${id}`)).body;

test("a host dies in mid-update and the run that was to fix it never comes so far: the next one clears the way", async () => {
  release("v1.0.2");
  harness.script("staging/postgres", { delayMs: 60_000 });
  const { body } = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
  const isDeploying = () => harness.actions().some(({ id, env }) => id === "staging/postgres" && env.TAG === "v1.0.2");
  await until("postgres is being deployed", 60_000, isDeploying);
  // Held still, so that none of them notices that the others are gone: a host dies at once.
  const victims = [...processesOf(harness.folder, [harness.runner.pid]), findWorker(harness.runner.pid)];
  signal(victims, "SIGSTOP");
  await harness.runner.kill();
  signal(victims, "SIGKILL");
  expect(locks().length).toBe(1);
  harness.script("staging/postgres", null);

  // The remote is away when the runner is back, and somebody loses patience.
  renameSync(harness.origin.url, `${harness.origin.url}.away`);
  await harness.restart();
  await harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2" });
  await until("the run ends", 30_000, async () => (await run(body.run)).finished_at !== null);
  expect(await run(body.run)).toMatchObject({ state: "canceled", attempts: 1 });
  expect(locks().length).toBe(1);

  renameSync(`${harness.origin.url}.away`, harness.origin.url);
  release("v1.0.3");
  expect((await harness.deploy("staging", "v1.0.3")).body).toMatchObject({ status: "success" });
  for (const service of ["postgres", "redis"]) {
    expect(harness.live(`staging/${service}`)).toMatchObject({ deployed: true, env: { TAG: "v1.0.3" } });
  }
  expect(locks()).toEqual([]);
}, 240_000);
