import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";
import { createLog } from "../../../automation/log.ts";
import { startRunner } from "../../../automation/start.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { startHarness } from "./harness.ts";
import { until } from "./until.ts";

const root = new URL("../../..", import.meta.url).pathname;

test("an engine worker that is told to stop lets its run end, and the next one goes on where it was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "worker-stops-"));
  const socket = join(folder, "engine.sock");
  const harness = await startHarness();
  await harness.runner.stop(0);
  const startWorker = async () => {
    const { SHUTDOWN_GRACE: _none, ...env } = harness.env;
    const child = spawn(process.execPath, [join(root, "automation/engine-worker.mjs")], {
      env: {
        ...env,
        PATH: engineEnvironment().PATH,
        HOME: process.env.HOME,
        DATA_DIR: join(folder, "data"),
        ENGINE_SOCKET: socket,
      },
      stdio: "ignore",
    });
    const gone = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await until("the worker listens", 30_000, () => existsSync(socket));
    return { child, gone };
  };
  const first = await startWorker();
  const variables = createVariables({ ...harness.env, ENGINES: `*=${socket}` });
  harness.runner = {
    ...harness.runner,
    ...(await startRunner({
      config: readConfig(variables),
      variables,
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
      log: createLog("silent", (line) => line),
      version: "0.0.0-test",
      owner: `stops:${process.pid}`,
    })),
  };
  let second: Awaited<ReturnType<typeof startWorker>> | undefined;
  try {
    harness.script("staging/postgres", { delayMs: 4_000 });
    const { body } = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
    await until("postgres is being deployed", 60_000, () => harness.actions().length > 0);
    first.child.kill("SIGTERM");
    expect(await first.gone).toBe(0);
    const run = (await harness.send("GET", `/runs/${body.run}`)).body;
    expect(run).toMatchObject({ state: "succeeded", attempts: 1 });

    second = await startWorker();
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success", changed_services: [] });
  } finally {
    await harness.stop();
    second?.child.kill("SIGTERM");
    await second?.gone;
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
