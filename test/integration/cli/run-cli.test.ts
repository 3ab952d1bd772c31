import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCli, startCli } from "./run-cli.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a reader that goes away early is no failure", async () => {
  const { child, ended } = startCli(["--help"]);
  child.stdout.destroy();
  expect(await ended).toMatchObject({ code: 0, stderr: "" });
});

test("compiled code is kept in the cache folder, and nowhere else", async () => {
  const cache = join(folder, "cache");
  const { code } = await runCli(["--help"], { env: { XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: "" } });
  expect(code).toBe(0);
  expect(readdirSync(join(cache, "dockmaster", "node"), { recursive: true }).length).toBeGreaterThan(10);
});

test("without a folder to write to it works all the same", async () => {
  const file = join(folder, "file");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, "");
  const { code, stdout, stderr } = await runCli(["--help"], { env: { XDG_CACHE_HOME: file, NODE_COMPILE_CACHE: "" } });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("Usage: dockmaster");
});
