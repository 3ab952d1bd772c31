import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { checkEngine } from "../../../../automation/engine/version-check.ts";
import { createEngineChecks } from "../../../../automation/watch/engine-checks.ts";
import { type Checked, startHealth } from "../../../../automation/watch/health.ts";

afterEach(() => vi.useRealTimers());

/** A runner of which only the store and the remote matter; `fetch` is how the remote answers. */
function runnerWith(fetch: () => Promise<void>, warned: string[]): Checked {
  const gauge = { set: () => {} };
  const runner = {
    store: { ping: async () => {} },
    mirror: { fetch },
    variables: { get: () => undefined, changedAt: () => undefined, unreadable: () => [] },
    config: {},
    metrics: { health: gauge, healthFailures: gauge },
    log: { warn: ({ check, reason }: { check: string; reason: string }) => warned.push(`${check}: ${reason}`) },
    mask: (text: string) => text,
    now: Date.now,
    engines: { check: async () => new Map() },
  };
  return runner as unknown as Checked;
}

test("a check that hangs is broken before the next one is due, and well again when that one answers", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const answers = [Promise.resolve(), new Promise<void>(() => {}), Promise.resolve()];
  const warned: string[] = [];
  const health = startHealth(runnerWith(() => answers.shift() ?? Promise.resolve(), warned));
  try {
    await vi.advanceTimersByTimeAsync(100_000);
    expect(health.checks()).toMatchObject({ git: "ok", store: "ok" });
    await vi.advanceTimersByTimeAsync(19_500);
    expect(health.checks().git).toBe("broken");
    expect(warned).toContain("git: no answer within 59 s");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(health.checks().git).toBe("ok");
  } finally {
    health.stop();
  }
});

test("a server is asked once a minute while it is well, sooner when it is not, and when somebody asks", async () => {
  let requests = 0;
  let status = 200;
  const server = createServer((_, response) => {
    requests += 1;
    response.writeHead(status).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const runner = runnerWith(async () => {}, []);
  const set: Record<string, string> = { DOKPLOY_URL: url, DOKPLOY_API_KEY: "key" };
  const variables = { ...runner.variables, get: (name: string) => set[name] } as Checked["variables"];
  const check = createEngineChecks({ variables, enginePath: "/nowhere", mask: (text) => text });
  const counted = { dokployRequests: { inc: () => {} } };
  const health = startHealth({
    ...runner,
    now: () => Date.now(),
    metrics: { ...runner.metrics, ...counted },
    variables,
    engines: { check: async (name: string) => new Map([["*", await check(name)]]) },
  } as Checked);
  /** Lets time pass and answers arrive. */
  const pass = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(0);
  };
  const asked = async (ms: number) => {
    const before = requests;
    for (let passed = 0; passed < ms; passed += 5_000) await pass(5_000);
    return requests - before;
  };
  try {
    await pass(0);
    expect(requests).toBe(1);
    expect(await asked(600_000)).toBe(10);
    status = 503;
    await asked(60_000);
    expect(health.checks().dokploy).toBe("broken");
    expect(await asked(60_000)).toBe(4);
    status = 200;
    await asked(15_000);
    expect(health.checks().dokploy).toBe("ok");
    await asked(30_000);
    const before = requests;
    for (let times = 0; times < 5; times++) health.checks();
    await pass(0);
    expect(requests - before).toBe(1);
  } finally {
    health.stop();
    server.close();
  }
});

test("the engine is started once, and again when its file is another one or it did not run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-engine-"));
  const file = join(folder, "pulumi");
  const install = (exit: number) => {
    writeFileSync(file, `#!/bin/sh\necho started >> ${join(folder, "log")}\nexit ${exit}\n`);
    chmodSync(file, 0o755);
  };
  const starts = () => readFileSync(join(folder, "log"), "utf8").trim().split("\n").length;
  try {
    const check = checkEngine(`/nowhere:${folder}:/usr/bin:/bin`, 20_000);
    await expect(checkEngine("/nowhere", 1000)()).rejects.toThrow("no pulumi");
    install(0);
    for (let times = 0; times < 5; times++) await check();
    expect(starts()).toBe(1);
    rmSync(file);
    await expect(check()).rejects.toThrow("no pulumi");
    install(3);
    for (let times = 0; times < 2; times++) await expect(check()).rejects.toThrow("ended with 3");
    expect(starts()).toBe(3);
    install(0);
    for (let times = 0; times < 3; times++) await check();
    expect(starts()).toBe(4);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
