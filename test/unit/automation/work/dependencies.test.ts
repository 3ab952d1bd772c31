import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { npmEnvironment } from "../../../../automation/config.ts";
import { DependenciesError, linkDependencies } from "../../../../automation/work/dependencies.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-dependencies-"));
const dataDir = join(folder, "data");
const runnerFolder = join(folder, "runner");
const release = join(folder, "release");
const integrity = `sha512-${Buffer.alloc(64).toString("base64")}`;
const env = npmEnvironment({ PATH: process.env.PATH, HOME: folder, WEBHOOK_SECRET: "canary-in-the-environment" });

// The only package there is: its scripts would leave a trace.
const registry = createServer((_request, response) => response.end(readFileSync(join(folder, "tool-1.0.0.tgz"))));

beforeAll(async () => {
  mkdirSync(join(runnerFolder, "node_modules"), { recursive: true });
  writeFileSync(join(runnerFolder, "package-lock.json"), '{"runner":true}');
  const tool = join(folder, "tool");
  mkdirSync(tool);
  const leave = `node -e "require('fs').writeFileSync('${folder}/ran','x')"`;
  const scripts = Object.fromEntries(["preinstall", "install", "postinstall"].map((name) => [name, leave]));
  writeFileSync(join(tool, "package.json"), JSON.stringify({ name: "tool", version: "1.0.0", scripts }));
  const npm = (cwd: string, ...words: string[]) => promisify(execFile)("npm", [...words, "--silent"], { cwd });
  await npm(tool, "pack", "--ignore-scripts", "--pack-destination", folder);
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const { port } = registry.address() as AddressInfo;
  mkdirSync(release);
  const dependencies = { tool: `http://127.0.0.1:${port}/tool-1.0.0.tgz` };
  writeFileSync(join(release, "package.json"), JSON.stringify({ name: "release", dependencies, scripts }));
  await npm(release, "install", "--package-lock-only", "--ignore-scripts");
}, 60_000);
afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

const link = (worktree: string) =>
  linkDependencies(worktree, { folder: join(dataDir, "dependencies"), runnerFolder, env });

test("a release with the runner's lock file uses the runner's modules", async () => {
  const worktree = join(folder, "same");
  mkdirSync(worktree);
  writeFileSync(join(worktree, "package-lock.json"), '{"runner":true}');
  await link(worktree);
  expect(readlinkSync(join(worktree, "node_modules"))).toBe(join(runnerFolder, "node_modules"));
});

test("a release without a lock file is refused", async () => {
  const worktree = join(folder, "none");
  mkdirSync(worktree);
  await expect(link(worktree)).rejects.toThrow(DependenciesError);
});

test("what a lock file names is installed once, and no script of any package runs", async () => {
  await link(release);
  expect(existsSync(join(release, "node_modules/tool/package.json"))).toBe(true);
  expect(existsSync(join(folder, "ran"))).toBe(false);
  const modules = readlinkSync(join(release, "node_modules"));
  expect(modules.startsWith(join(dataDir, "dependencies"))).toBe(true);
  rmSync(join(release, "node_modules"));
  registry.close();
  registry.closeAllConnections();
  await link(release);
  expect(readlinkSync(join(release, "node_modules"))).toBe(modules);
}, 60_000);

test("an installation that fails leaves nothing that could be taken for a complete one, and tells no secret", async () => {
  const before = readdirSync(join(dataDir, "dependencies"));
  const other = join(folder, "other");
  mkdirSync(other);
  const nothing = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => nothing.listen(0, "127.0.0.1", resolve));
  const { port } = nothing.address() as AddressInfo;
  const missing = { name: "other", dependencies: { tool: `http://127.0.0.1:${port}/none.tgz` } };
  writeFileSync(join(other, "package.json"), JSON.stringify(missing));
  const packages = {
    "": missing,
    "node_modules/tool": { resolved: missing.dependencies.tool, version: "1.0.0", integrity },
  };
  writeFileSync(join(other, "package-lock.json"), JSON.stringify({ name: "other", lockfileVersion: 3, packages }));
  const failed = await link(other).catch((error: Error) => error);
  nothing.close();
  expect(failed).toBeInstanceOf(DependenciesError);
  expect(String(failed)).toContain("404");
  expect(String(failed)).not.toContain("canary");
  expect(readdirSync(join(dataDir, "dependencies"))).toEqual(before);
}, 60_000);

test("an installation is ended when the run is canceled", async () => {
  const hanging = createServer(() => {});
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
  const slow = join(folder, "slow");
  mkdirSync(slow);
  const tool = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/tool.tgz`;
  writeFileSync(join(slow, "package.json"), JSON.stringify({ name: "slow", dependencies: { tool } }));
  const packages = {
    "": { name: "slow", dependencies: { tool } },
    "node_modules/tool": { resolved: tool, version: "1.0.0", integrity },
  };
  writeFileSync(join(slow, "package-lock.json"), JSON.stringify({ name: "slow", lockfileVersion: 3, packages }));
  const stop = new AbortController();
  hanging.once("request", () => stop.abort("cancel"));
  await expect(
    linkDependencies(slow, { folder: join(dataDir, "dependencies"), runnerFolder, env, signal: stop.signal }),
  ).rejects.toThrow("aborted");
  hanging.closeAllConnections();
  hanging.close();
}, 60_000);
