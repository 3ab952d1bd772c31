import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { copyPlatform, runCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

const ALL = ["authentik", "minio", "postgres", "redis"];
const STAGING = `config:
  platform:domain: example.org
  platform:suffix: -staging
  platform:services: [${ALL.join(", ")}]
`;

let checkout: string;
beforeEach(() => {
  checkout = copyPlatform();
  writeFileSync(join(checkout, "Pulumi.staging.yaml"), STAGING);
  writeFileSync(join(checkout, "Pulumi.production.yaml"), STAGING.replace("suffix: -staging", 'suffix: ""'));
});
afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

const edit = (file: string, from: string | RegExp, to: string) => {
  const path = join(checkout, file);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
};

test("checks every stack of the checkout, also from a folder inside it", async () => {
  const { code, stdout } = await runCli(["check", "--json"], { cwd: join(checkout, "components") });
  const report = JSON.parse(stdout);
  expect(report.stacks.map(({ stack }: { stack: string }) => stack)).toEqual(["production", "staging"]);
  for (const { services } of report.stacks) expect([...services].sort()).toEqual(ALL);
  expect([code, report.ok]).toEqual([0, true]);
});

test("says that production keeps its secrets in Dokploy, and nothing of the kind elsewhere", async () => {
  const { stdout } = await runCli(["check", "--json"], { cwd: checkout, env: { PLATFORM_KEY: "k".repeat(40) } });
  const [production, staging] = JSON.parse(stdout).stacks;
  expect(production.notes).toEqual([expect.stringContaining("in clear")]);
  expect(staging.notes).toEqual([]);
});

test("connects to nobody", async () => {
  const guard = "data:text/javascript,import net from 'node:net';net.Socket.prototype.connect=()=>process.exit(99)";
  const env = { NODE_OPTIONS: `--import="${guard.replaceAll(" ", "%20")}"` };
  const { code } = await runCli(["check"], { cwd: checkout, env });
  expect(code).toBe(0);
  // The guard works: what does connect ends at once.
  const asks = { ...env, DOCKMASTER_URL: "http://127.0.0.1:59999", WEBHOOK_SECRET: "planted" };
  expect((await runCli(["status"], { cwd: checkout, env: asks })).code).toBe(99);
});

test("names every mistake of config and compose files in one go, with place and what to do", async () => {
  appendFileSync(
    join(checkout, "Pulumi.staging.yaml"),
    "  platform:domian: example.org\n  platform:redis: {memry: 1g}\n",
  );
  edit("components/redis/compose.yaml", /image: redis:\S+/, "image: redis");
  edit("components/minio/compose.yaml", /^secrets:\n/m, "secrets:\n  without_source: {file: ./secret.txt}\n");
  const { code, stdout } = await runCli(["check", "staging"], { cwd: checkout });
  expect(code).toBe(1);
  expect(stdout).toMatch(/Pulumi\.staging\.yaml:\d+:\d+ .*domian/);
  expect(stdout).toMatch(/Pulumi\.staging\.yaml:\d+:\d+ .*memry/);
  expect(stdout).toMatch(/components\/redis\/compose\.yaml:\d+:\d+ .*\n +→ /);
  expect(stdout).toMatch(/components\/minio\/compose\.yaml:\d+:\d+ .*without_source.*\n +→ /);
  expect(stdout).toMatch(/✘ staging: \d+ problems/);
});

test("a mistake in one stack does not hide that the others are well", async () => {
  edit("Pulumi.staging.yaml", "suffix: -staging", 'suffix: ""');
  const { code, stdout } = await runCli(["check"], { cwd: checkout });
  expect(code).toBe(1);
  expect(stdout).toMatch(/✔ production/);
  expect(stdout).toMatch(/✘ staging: 1 problem/);
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
