import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { prepareHome } from "../../../../tools/shortcuts/engine-home.ts";

describe("the engine's home", () => {
  let home: string;
  beforeEach(() => {
    home = join(mkdtempSync(join(tmpdir(), "home-")), "pulumi");
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const logs = () => join(home, "logs");
  const engine = () =>
    execFileSync("pulumi", ["version"], { env: { ...engineEnvironment(), PULUMI_HOME: home }, stdio: "pipe" });

  test("without a log: the engine works, says nothing of it, and writes none", async () => {
    for (let time = 0; time < 2; time++) await prepareHome(home, false);
    const { stderr, status } = spawnSync("pulumi", ["stack", "ls"], {
      env: { ...engineEnvironment(), PULUMI_HOME: home, PULUMI_BACKEND_URL: `file://${home}` },
      encoding: "utf8",
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(statSync(logs()).isFile()).toBe(true);
    expect(readFileSync(logs(), "utf8")).toContain("LOG_LEVEL=debug");
  });

  test("with one: the engine writes it, and it is kept", async () => {
    await prepareHome(home, false);
    await prepareHome(home, true);
    expect(existsSync(logs())).toBe(false);
    engine();
    expect(readdirSync(logs()).length).toBe(1);
    await prepareHome(home, true);
    expect(readdirSync(logs()).length).toBe(1);
  });

  test("drops the logs of before", async () => {
    mkdirSync(logs(), { recursive: true });
    writeFileSync(join(logs(), "pulumi-old.log"), "");
    await prepareHome(home, false);
    expect(statSync(logs()).isFile()).toBe(true);
  });
});
