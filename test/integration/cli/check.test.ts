import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { copyPlatform, runCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

let checkout: string;
beforeEach(() => {
  checkout = copyPlatform();
});
afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

test("checks every stack of the checkout, also from a folder inside it", async () => {
  const { code, stdout } = await runCli(["check", "--json"], { cwd: join(checkout, "components") });
  const report = JSON.parse(stdout);
  expect(report.stacks.map(({ stack }: { stack: string }) => stack)).toEqual(["production", "staging"]);
  expect([code, report.ok]).toEqual([0, true]);
});

test("names every mistake with its place and what to do, and fails", async () => {
  appendFileSync(
    join(checkout, "Pulumi.staging.yaml"),
    "  platform:domian: example.org\n  platform:redis: {memry: 1g}\n",
  );
  const { code, stdout } = await runCli(["check"], { cwd: checkout });
  expect(code).toBe(1);
  expect(stdout).toMatch(/Pulumi\.staging\.yaml:\d+:\d+ .*domian/);
  expect(stdout).toMatch(/Pulumi\.staging\.yaml:\d+:\d+ .*memry/);
  expect(stdout).toMatch(/✔ production/);
  expect(stdout).toMatch(/✘ staging: 2 problems/);
});

test("refuses a stack that has no file, and a folder without a platform", async () => {
  const unknown = await runCli(["check", "../etc"], { cwd: checkout });
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("Name one of production, staging")]);
  const empty = mkdtempSync(join(tmpdir(), "empty-"));
  const nowhere = await runCli(["check"], { cwd: empty });
  rmSync(empty, { recursive: true });
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("Pulumi.yaml")]);
});

test("says what broke when the checkout's own check breaks down", async () => {
  appendFileSync(join(checkout, "stacks", "check.ts"), "\nthrow new Error('a broken program');\n");
  const { code, stderr } = await runCli(["check", "staging"], { cwd: checkout });
  expect(code).toBe(1);
  expect(stderr).toContain("a broken program");
});
