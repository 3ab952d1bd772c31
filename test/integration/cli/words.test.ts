import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lockFolder, removeLock } from "../../../automation/state/locks.ts";
import { type Laptop, openLaptop } from "./laptop-harness.ts";

let laptop: Laptop;

/** What a command says of each service: `result: reason`. */
async function told(...words: string[]): Promise<Record<string, string>> {
  const { stdout, stderr } = await laptop.dockmaster(...words, "--json");
  const { services } = JSON.parse(stdout || stderr) as {
    services: { service: string; result: string; reason: string }[];
  };
  return Object.fromEntries(services.map(({ service, result, reason }) => [service, `${result}: ${reason}`]));
}
const up = () => told("up", "staging", "--yes");

beforeAll(async () => {
  laptop = await openLaptop();
  expect((await laptop.dockmaster("up", "staging", "--yes", "--create")).code).toBe(0);
}, 120_000);
afterAll(() => laptop.close());

describe("the words for a service, with the real engine", { timeout: 240_000 }, () => {
  test("a finding has the same in drift, why, preview and update, with part and key", async () => {
    laptop.emulator.control.edit(await laptop.composeId("redis"), { autoDeploy: true });
    const postgres = await laptop.composeId("postgres");
    await laptop.ask("compose.deploy", { composeId: postgres, title: "Manual deployment" }).catch(() => {});
    await laptop.emulator.control.idle();
    const words = {
      postgres: "changed: deployed: the last deployment was not ours",
      redis: "changed: drift: settings.autoDeploy",
    };
    expect(await told("drift", "staging")).toEqual(words);
    expect(await told("preview", "staging")).toEqual(words);
    expect((await laptop.dockmaster("drift", "staging")).stdout).toMatch(/redis +drift: settings\.autoDeploy/);
    expect((await laptop.dockmaster("why", "redis")).stdout).toContain("drift: settings.autoDeploy");
    expect(await up()).toEqual(words);
  });

  test("a container that died and is up again is found, told once, and not deployed for it", async () => {
    const deployments = await laptop.deployments("redis");
    laptop.emulator.control.addFault({
      ...{ kind: "containers", service: "redis", outcome: "restarting", exitCode: 137, afterMs: 3_000, now: true },
    });
    await sleep(5_500);
    laptop.emulator.control.clearFaults();
    const crash =
      /restarted since the last update: \S*redis\S* (once|\d+ times) \((exit code 137, )?last start 20\d\d-/;
    expect((await told("drift", "staging")).redis).toMatch(crash);
    expect((await up()).redis).toMatch(new RegExp(`^unchanged: equal; ${crash.source}`));
    expect(await laptop.deployments("redis")).toBe(deployments);
  });

  test("while somebody updates the stack nobody is said to have changed anything by hand", async () => {
    laptop.emulator.control.edit(await laptop.composeId("redis"), { autoDeploy: true });
    const folder = lockFolder({ folder: laptop.state, project: "dockmaster", stack: "staging" });
    const lock = "a-lock";
    mkdirSync(folder, { recursive: true });
    const holder = { pid: process.pid, username: "ann", hostname: hostname(), timestamp: new Date() };
    writeFileSync(join(folder, `${lock}.json`), JSON.stringify(holder));
    const { code, stdout, stderr } = await laptop.dockmaster("drift", "staging");
    expect([code, stdout + stderr]).toEqual([
      1,
      expect.stringMatching(/staging is being updated: held by \S+ on \S+ \(process \d+\), since 20\d\d-/),
    ]);
    expect(stdout + stderr).not.toContain("autoDeploy");
    expect((await laptop.dockmaster("preview", "staging")).stdout).toContain("staging is being updated: held by");
    const blocked = await laptop.dockmaster("up", "staging", "--yes");
    expect([blocked.code, blocked.stdout]).toEqual([
      1,
      expect.stringMatching(/another update holds this stack: \S+ on \S+ \(process \d+\) since 20/),
    ]);
    await removeLock(folder, lock);
    // Its container goes on dying.
    expect((await told("drift", "staging")).redis).toMatch(/^changed: drift: settings\.autoDeploy/);
    expect((await up()).redis).toMatch(/^changed: drift: settings\.autoDeploy/);
  });

  test("what an update wrote whose state was lost is its own, and is finished with what it changes", async () => {
    const copy = join(laptop.state, "..", "copy");
    cpSync(laptop.state, copy, { recursive: true });
    laptop.editStackFile("[postgres, redis]\n", "[postgres, redis]\n  platform:redis:\n    memory: 300m\n");
    expect((await up()).redis).toMatch(/^changed: changed: /);
    const deployments = await laptop.deployments("redis");
    rmSync(laptop.state, { recursive: true });
    cpSync(copy, laptop.state, { recursive: true });
    const drift = await laptop.dockmaster("drift", "staging", "--json");
    expect([drift.code, JSON.parse(drift.stdout).status]).toEqual([0, "no_drift"]);
    const finished = (await up()).redis;
    expect(finished).toMatch(/^changed: changed: .*env\.REDIS_MEMORY.*; the run before did not finish it$/);
    expect(await laptop.deployments("redis")).toBe(deployments);
  });

  test("after the loss of the state everything is taken over, and nothing changed", async () => {
    rmSync(laptop.state, { recursive: true });
    mkdirSync(laptop.state);
    expect(await told("up", "staging", "--yes", "--create")).toEqual({
      postgres: "unchanged: taken over",
      redis: "unchanged: taken over",
    });
    laptop.editStackFile("memory: 300m", "memory: 400m");
    rmSync(laptop.state, { recursive: true });
    mkdirSync(laptop.state);
    const changed = await told("up", "staging", "--yes", "--create");
    expect(changed).toMatchObject({ postgres: "unchanged: taken over" });
    expect(changed.redis).toMatch(/^changed: taken over; changed: .*env\.REDIS_MEMORY/);
  });
});
