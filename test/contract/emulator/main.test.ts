import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MAIN = new URL("../../../emulator/main.ts", import.meta.url).pathname;

describe("the emulator's command", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "emulator-main-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const run = (...args: string[]) => spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = async (child: ReturnType<typeof run>) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    const [code] = (await once(child, "close")) as [number];
    return { code, text };
  };

  it.each(["SIGTERM", "SIGINT"] as const)(
    "prints one line of JSON, answers, and ends cleanly at %s",
    async (signal) => {
      const child = run("--port", "0", "--json", "--data", dataDir, "--api-key", "my-key");
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      const { url, apiKey, dataDir: kept } = JSON.parse(line);
      expect([apiKey, kept]).toEqual(["my-key", dataDir]);
      const answer = await fetch(`${url}/api/settings.getDokployVersion`, { headers: { "x-api-key": "my-key" } });
      expect(await answer.json()).toBe("v0.30.2");
      expect(existsSync(join(dataDir, "dokploy.db"))).toBe(true);
      child.kill(signal);
      expect(await once(child, "close")).toEqual([0, null]);
    },
  );

  it("finds everything again after it was killed", async () => {
    const start = async () => {
      const child = run("--port", "0", "--json", "--data", dataDir, "--api-key", "my-key");
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      return { child, url: (JSON.parse(line) as { url: string }).url };
    };
    const headers = { "x-api-key": "my-key", "content-type": "application/json" };
    const first = await start();
    const body = JSON.stringify({ name: "kept" });
    await fetch(`${first.url}/api/project.create`, { method: "POST", headers, body });
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    const second = await start();
    const projects = await (await fetch(`${second.url}/api/project.all`, { headers })).json();
    expect(projects).toMatchObject([{ name: "kept" }]);
    second.child.kill("SIGTERM");
    await once(second.child, "close");
  });

  it("shows examples in its help", async () => {
    const { code, text } = await output(run("--help"));
    expect(code).toBe(0);
    expect(text).toContain("npm run emulator -- --containers docker");
  });

  it.each([
    [["--port", "http"], "A port is 0 to 65535"],
    [["--silent-ms", "soon"], "a number of milliseconds"],
    [["--containers", "podman"], "Allowed choices are simulated, docker"],
    [["--port", "0", "--fault", '{"kind":"nonsense"}'], "did not start"],
  ])("refuses %j", async (args, message) => {
    const { code, text } = await output(run("--data", dataDir, ...args));
    expect(code).toBe(1);
    expect(text).toContain(message);
  });
});
