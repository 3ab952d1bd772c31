import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

  describe("that takes its time", () => {
    const health = (signal = AbortSignal.timeout(100)) => fetch(`${emulator.url}/api/health`, { signal });

    it("refuses connections, then takes them without an answer, and then answers", async () => {
      const restarted = emulator.control.restart({ downMs: 200, silentMs: 1000 });
      await expect(health()).rejects.toThrow("fetch failed");
      await vi.waitFor(() => expect(health()).rejects.toThrow("timeout"), 5000);
      // Whoever waits for longer has not been seen.
      await expect(health(AbortSignal.timeout(20_000))).rejects.toThrow("fetch failed");
      await restarted;
      expect((await health()).status).toBe(200);
      expect(emulator.control.statistics().requests).toBe(1);
    });

    it("is asked for over HTTP, and steered while nothing is answered", async () => {
      const control = (path: string) => fetch(`${emulator.url}/_emulator/${path}`, { method: "POST" });
      expect((await control("restart?silentMs=x")).status).toBe(400);
      expect((await control("restart?waiting=perhaps")).status).toBe(400);
      expect(await (await control("restart?downMs=0&silentMs=60000")).json()).toEqual({ restarting: true });
      await vi.waitFor(() => expect(health()).rejects.toThrow("timeout"), 5000);
      expect((await control("reset")).status).toBe(200);
      // A restart in a silence ends it.
      await emulator.control.restart();
      expect((await health()).status).toBe(200);
    });

    it("lasts from the start of the process where it is told to", async () => {
      await emulator.close();
      emulator = await startEmulator({ dataDir, apiKey: "key", silentMs: 1000 });
      await expect(health()).rejects.toThrow("timeout");
      await vi.waitFor(async () => expect((await health()).status).toBe(200), 5000);
    });

    it("does not outlive the emulator", async () => {
      const restarts = [emulator.control.restart({ downMs: 60_000 })];
      await emulator.close();
      await Promise.all(restarts);
      emulator = await startEmulator({ dataDir, apiKey: "key" });
      const silent = emulator.control.restart({ silentMs: 60_000 });
      await vi.waitFor(() => expect(health()).rejects.toThrow("timeout"), 5000);
      await emulator.close();
      await silent;
      await expect(health()).rejects.toThrow("fetch failed");
      emulator = await startEmulator({ dataDir, apiKey: "key" });
    });
  });

  it("queues the waiting jobs again where it is told to, in their order", async () => {
    const client = createClient(emulator);
    const { composeId } = await client.createService();
    emulator.control.addFault({ kind: "stuck", service: composeId });
    for (const title of ["interrupted", "second", "third"]) await client.post("compose.deploy", { composeId, title });
    await emulator.control.restart({ waiting: "queued" });
    await emulator.control.idle();
    expect(await client.deployments(composeId)).toMatchObject([
      { title: "third", status: "done" },
      { title: "second", status: "done" },
      { title: "interrupted", status: "cancelled", finishedAt: null },
    ]);
  });
});
