import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createClient } from "./client.ts";

describe("a restart", () => {
  let dataDir: string;
  let emulator: Emulator;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "restart-"));
    emulator = await startEmulator({ dataDir, apiKey: "key" });
  });
  afterEach(async () => {
    await emulator.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const ways: [string, () => Promise<void>][] = [
    ["inside the process", () => emulator.control.restart()],
    [
      "of the process",
      async () => {
        await emulator.close();
        emulator = await startEmulator({ dataDir, apiKey: "key" });
      },
    ],
  ];

  it.each(ways)("%s keeps the database and loses the queue", async (_name, restart) => {
    const client = createClient(emulator);
    const service = await client.createService({ env: "A=1" });
    const { composeId } = service;
    await client.deploy(composeId);
    emulator.control.addFault({ kind: "stuck", service: composeId });
    await client.post("compose.deploy", { composeId, title: "interrupted" });
    await client.post("compose.deploy", { composeId, title: "behind" });
    expect((await client.get("deployment.queueList")).body).toHaveLength(2);

    await restart();

    const after = createClient(emulator);
    expect((await after.get("deployment.queueList")).body).toEqual([]);
    expect(await after.deployments(composeId)).toMatchObject([
      { title: "interrupted", status: "cancelled", finishedAt: null },
      { title: "Manual deployment", status: "done" },
    ]);
    expect((await after.get(`compose.one?composeId=${composeId}`)).body).toMatchObject({
      name: "web",
      env: "A=1",
      composeStatus: "idle",
    });
    const containers = await after.get(`docker.getContainersByAppNameMatch?appName=${service.appName}`);
    expect(containers.body).toMatchObject([{ state: "running" }]);
    expect(await after.deploy(composeId)).toMatchObject({ status: "done" });
  });

  it("refuses connections while it lasts", async () => {
    const restarted = emulator.control.restart(1000);
    await expect(fetch(`${emulator.url}/api/health`)).rejects.toThrow("fetch failed");
    await restarted;
    expect((await fetch(`${emulator.url}/api/health`)).status).toBe(200);
  });
});
