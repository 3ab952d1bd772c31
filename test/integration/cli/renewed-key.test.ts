import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renewKey } from "../../renewed-key.ts";
import { type Laptop, openLaptop, results } from "./laptop-harness.ts";
import { runCli } from "./run-cli.ts";

// The key stands in the stack's file, as a Pulumi secret; the state keeps the one of the last update.
describe("a key of Dokploy that was renewed in the stack's file, its old one deleted", { timeout: 240_000 }, () => {
  let laptop: Laptop;
  let key: string;
  const dockmaster = (...words: string[]) => laptop.dockmasterAs({ DOKPLOY_API_KEY: "" }, ...words);
  const setKey = async (value: string) => {
    const words = ["config", "set", "--secret", "dokploy:apiKey", value, "--stack", "staging"];
    const { execFileSync } = await import("node:child_process");
    const { engineEnvironment } = await import("../../../tools/engine-path.mjs");
    execFileSync("pulumi", words, { cwd: laptop.checkout, env: engineEnvironment({ ...process.env, ...laptop.env }) });
  };
  const doctor = async () => {
    const { findings } = JSON.parse((await dockmaster("doctor", "staging", "--json")).stdout) as {
      findings: { name: string; state: string; found: string }[];
    };
    return findings.find(({ name }) => name === "Dokploy");
  };
  beforeAll(async () => {
    laptop = await openLaptop();
    laptop.editStackFile("[postgres, redis]", "[redis]");
    await laptop.dockmaster("up", "staging", "--yes", "--create");
    await setKey(laptop.emulator.apiKey);
    const up = await dockmaster("up", "staging", "--yes", "--json");
    expect(up.code, up.stdout + up.stderr).toBe(0);
    key = await renewKey(laptop.emulator);
  });
  afterAll(() => laptop.close());

  test("is what the doctor tries: before it is in the file, it says what every update will say", async () => {
    expect(await doctor()).toMatchObject({ state: "broken", found: expect.stringContaining("key is wrong") });
    const drift = await dockmaster("drift", "staging");
    expect([drift.code, drift.stdout]).toEqual([1, expect.stringContaining("401")]);
  });

  test("counts from then on for a drift check, a preview, an update and a refresh", async () => {
    await setKey(key);
    expect(await doctor()).toMatchObject({ state: "ok" });
    const drift = await dockmaster("drift", "staging", "--json");
    expect([drift.code, results(drift)]).toEqual([0, [["redis", "unchanged"]]]);
    const preview = await dockmaster("preview", "staging", "--json");
    expect([preview.code, results(preview)]).toEqual([0, [["redis", "unchanged"]]]);
    const refresh = await dockmaster("refresh", "staging", "--yes", "--json");
    expect([refresh.code, results(refresh)]).toEqual([0, [["redis", "unchanged"]]]);
    const up = await dockmaster("up", "staging", "--yes", "--json");
    expect([up.code, results(up)]).toEqual([0, [["redis", "unchanged"]]]);
  });

  test("counts for taking the stack down", async () => {
    key = await renewKey(laptop.emulator, key);
    await setKey(key);
    const destroy = await dockmaster("destroy", "staging", "--yes");
    expect(destroy.code, destroy.stdout + destroy.stderr).toBe(0);
    expect(laptop.printed()).not.toContain(key);
  });

  test("of the environment wins", async () => {
    const env = { ...laptop.env, DOKPLOY_API_KEY: "wrong" };
    const { stdout } = await runCli(["doctor", "staging", "--json"], { cwd: laptop.checkout, env });
    expect(stdout).toContain("key is wrong");
  });
});
