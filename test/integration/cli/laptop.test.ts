import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { type CliEnd, copyPlatform, runCli } from "./run-cli.ts";

const PLATFORM_KEY = "planted-platform-key-0123456789abcdef";
const HAND = "planted-value-of-a-hand";

let emulator: Emulator;
let folder: string;
let checkout: string;
let stackFile: string;
/** Everything that any command printed. */
let printed = "";

const env = () => ({
  DOKPLOY_URL: emulator.url,
  DOKPLOY_API_KEY: emulator.apiKey,
  PLATFORM_KEY,
  PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
  PULUMI_HOME: join(folder, "home"),
  PULUMI_CONFIG_PASSPHRASE: "planted-passphrase",
});

async function dockmaster(...words: string[]): Promise<CliEnd> {
  const end = await runCli(words, { cwd: checkout, env: env() });
  printed += end.stdout + end.stderr;
  return end;
}

async function ask<T>(procedure: string): Promise<T> {
  const answer = await fetch(`${emulator.url}/api/${procedure}`, { headers: { "x-api-key": emulator.apiKey } });
  return (await answer.json()) as T;
}

async function envOf(id: string): Promise<string> {
  return (await ask<{ env: string }>(`compose.one?composeId=${id}`)).env;
}

async function composeId(name: string): Promise<string> {
  type Project = { environments: { name: string; compose: { name: string; composeId: string }[] }[] };
  const projects = await ask<Project[]>("project.all");
  const staging = projects.flatMap((project) => project.environments).find((each) => each.name === "staging");
  return staging?.compose.find((compose) => compose.name === name)?.composeId ?? "";
}

const results = ({ stdout }: CliEnd) =>
  JSON.parse(stdout).services.map(({ service, result }: { service: string; result: string }) => [service, result]);

beforeAll(async () => {
  emulator = await startEmulator();
  folder = mkdtempSync(join(tmpdir(), "cli-laptop-"));
  mkdirSync(join(folder, "state"));
  checkout = copyPlatform();
  stackFile = readFileSync(join(checkout, "Pulumi.staging.yaml"), "utf8");
});

afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(checkout, { recursive: true, force: true });
});

describe("the commands with the engine, on the real platform and an emulated Dokploy", { timeout: 240_000 }, () => {
  test("a stack that the backend does not have is not made by accident", async () => {
    const { code, stderr } = await dockmaster("up", "staging", "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain('has no stack "staging"');
    expect(stderr).toContain("--create");
  });

  test("an update without a terminal wants --yes before it does anything", async () => {
    for (const command of ["up", "refresh", "destroy"]) {
      const { code, stderr } = await dockmaster(command, "staging");
      expect([command, code]).toEqual([command, 2]);
      expect(stderr).toContain("--yes");
    }
  });

  test("a deployment that fails is told with the service, what Dokploy's log said and what to do", async () => {
    emulator.control.addFault({ kind: "fail-deploy", service: "redis", log: ["no space left on device"] });
    const { code, stdout } = await dockmaster("up", "staging", "--yes", "--create");
    expect(code).toBe(1);
    expect(stdout).toMatch(/✘ redis +failed/);
    expect(stdout).toMatch(/✔ postgres +created/);
    expect(stdout).toContain("no space left on device");
    expect(stdout).toMatch(/→ \w+/);
    emulator.control.clearFaults();
  });

  test("the next update repeats what failed and leaves the rest alone", async () => {
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(end.code).toBe(0);
    expect(results(end)).toEqual([
      ["postgres", "unchanged"],
      ["redis", "changed"],
    ]);
  });

  test("what was changed by hand is drift, with the key's name and exit code 1", async () => {
    expect((await dockmaster("drift", "staging")).code).toBe(0);
    const id = await composeId("redis");
    emulator.control.edit(id, { env: `${await envOf(id)}\nBY_HAND=${HAND}\n` });
    const { code, stdout } = await dockmaster("drift", "staging", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "drift",
      services: [
        { service: "postgres", result: "unchanged" },
        { service: "redis", result: "changed", reason: "drift: env.BY_HAND" },
      ],
    });
  });

  test("a preview shows what would be mended, key by key with --diff, and changes nothing", async () => {
    const { code, stdout } = await dockmaster("preview", "staging", "--diff");
    expect(code).toBe(0);
    expect(stdout).toMatch(/redis +change/);
    expect(stdout).toMatch(/REDIS_PASSWORD *: \[secret\]/);
    expect(await envOf(await composeId("redis"))).toContain("BY_HAND");
  });

  test("a refresh writes it into the state only, and an update mends it", async () => {
    expect((await dockmaster("refresh", "staging", "--yes")).code).toBe(0);
    const id = await composeId("redis");
    expect(await envOf(id)).toContain("BY_HAND");
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(results(end)).toContainEqual(["redis", "changed"]);
    expect(await envOf(id)).not.toContain("BY_HAND");
  });

  test("taking a stack down leaves services with data running and says how to remove them", async () => {
    const { code, stdout } = await dockmaster("destroy", "staging", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("dockmaster remove staging redis");
    expect(await composeId("redis")).not.toBe("");
    expect(await composeId("postgres")).not.toBe("");
  });

  test("a wrong passphrase is told as such", async () => {
    const end = await runCli(["up", "staging", "--yes"], {
      cwd: checkout,
      env: { ...env(), PULUMI_CONFIG_PASSPHRASE: "another" },
    });
    expect(end.code).toBe(1);
    expect(end.stdout).toContain("PULUMI_CONFIG_PASSPHRASE");
  });

  test("no command wrote into the checkout or printed a secret", () => {
    expect(readFileSync(join(checkout, "Pulumi.staging.yaml"), "utf8")).toBe(stackFile);
    expect(printed).toContain("redis");
    for (const secret of [PLATFORM_KEY, HAND, "planted-passphrase", emulator.apiKey]) {
      expect(printed).not.toContain(secret);
    }
  });
});
