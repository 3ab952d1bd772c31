import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";
import { createLog } from "../../../automation/log.ts";
import { startRunner } from "../../../automation/start.ts";
import { type Harness, startHarness } from "./harness.ts";
import { inThisProcess } from "./in-this-process.ts";

let harness: Harness;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "two-folders-"));
  harness = await startHarness();
}, 60_000);
afterEach(async () => {
  await harness.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The door goes on with the folder of before, and each stack's worker has one of its own. */
const startTwo = async () => {
  const log = createLog("silent", (line) => line);
  const workers = ["staging", "production"].map((stack) => {
    const data = join(folder, stack);
    const variables = createVariables({ ...harness.env, DATA_DIR: data, ENGINE_STACKS: stack });
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    return { ...inThisProcess({ variables, env, log }), stack };
  });
  const variables = createVariables({ ...harness.env, ENGINES: "staging=/not/used,production=/not/used/either" });
  return startRunner({
    config: readConfig(variables),
    variables,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    log,
    engines: workers,
    version: "0.0.0-test",
    owner: `two:${process.pid}:${Date.now()}`,
  });
};
const statesIn = (data: string) => {
  const stacks = join(data, "state/.pulumi/stacks/dockmaster");
  return existsSync(stacks) ? readdirSync(stacks).filter((name) => name.endsWith(".json")) : [];
};

test("a runner of before becomes two processes with a folder each, and no state is lost", async () => {
  expect((await harness.deploy("staging", "v1.0.1")).status).toBe(200);
  const before = join(harness.folder, "data");
  const state = readFileSync(join(before, "state/.pulumi/stacks/dockmaster/staging.json"), "utf8");
  await harness.runner.stop(0);

  const two = await startTwo();
  harness.runner = { ...harness.runner, ...two };
  const { body } = await harness.send(
    "POST",
    "/sync",
    { env: "staging", all: true, triggered_by: "test" },
    { waitSeconds: 120 },
  );
  // Everything is known: nothing is made again.
  expect(body).toMatchObject({ status: "success", changed_services: [], unchanged_services: ["postgres", "redis"] });
  expect(statesIn(join(folder, "staging"))).toEqual(["staging.json"]);
  expect(statesIn(join(folder, "production"))).toEqual([]);
  expect(statesIn(before)).toEqual([]);
  const kept = join(before, "state-before/.pulumi/stacks/dockmaster/staging.json");
  expect(readFileSync(kept, "utf8")).toBe(state);

  // Started once more there is nothing to hand over, and nothing is handed over anything that is there.
  await two.stop(0);
  const again = await startTwo();
  harness.runner = { ...harness.runner, ...again };
  expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ changed_services: [] });
}, 180_000);

test("a run of a stack that no worker serves waits for one, says so, and can be canceled", async () => {
  expect((await harness.deploy("staging", "v1.0.1")).status).toBe(200);
  await harness.runner.stop(0);
  const variables = createVariables({ ...harness.env, ENGINES: `staging=${join(folder, "nobody.sock")}` });
  const two = await startRunner({
    config: readConfig(variables),
    variables,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    log: createLog("silent", (line) => line),
    version: "0.0.0-test",
    owner: `away:${process.pid}`,
  });
  harness.runner = { ...harness.runner, ...two };
  const sync = { env: "staging", all: true, triggered_by: "test" };
  const { status, body } = await harness.send("POST", "/sync", sync, { waitSeconds: 1 });
  expect(status).toBe(202);
  const canceled = await harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2", waitSeconds: 10 });
  expect(canceled.status).toBeLessThan(300);
  await expect
    .poll(async () => (await harness.send("GET", `/runs/${body.run}`)).body.state, { timeout: 10_000 })
    .toBe("canceled");
}, 120_000);
