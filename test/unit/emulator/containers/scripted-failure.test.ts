import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ScriptedFailure } from "../../../../emulator/containers/simulation/pretend/failure-script.ts";
import { createFixture, type Fixture } from "./fixture.ts";

let stage: Fixture;
beforeEach(() => {
  stage = createFixture();
});
afterEach(() => stage.close());

const file = (service: string) => `services:\n  ${service}\n`;
const db = `db: {image: postgres, restart: unless-stopped, container_name: platform-db, healthcheck: {test: [CMD, "true"], interval: 5s, retries: 3}}`;

describe("scripted failures", () => {
  const once = (outcome: ScriptedFailure["outcome"], more: Partial<ScriptedFailure> = {}) =>
    stage.host.script("app", { outcome, times: 1, ...more });
  const up = (compose = file(db)) => stage.up("app-1", compose, { wait: 30 });
  const state = async () =>
    (await stage.host.inspect("platform-db"))?.State as {
      Status: string;
      ExitCode: number;
      Health?: { Status: string };
    };

  const rows: [ScriptedFailure["outcome"], Partial<ScriptedFailure>, string, object][] = [
    [
      "fail",
      { log: ["disk full"] },
      "Error response from daemon: failed to start container platform-db",
      { Status: "created" },
    ],
    ["unhealthy", {}, "container platform-db is unhealthy", { Status: "running" }],
    ["starting", {}, "application not healthy after 30s", { Status: "running", Health: { Status: "starting" } }],
    ["restarting", {}, "container platform-db is unhealthy", { Status: "restarting" }],
    ["exit", { exitCode: 7 }, "container platform-db is unhealthy", { ExitCode: 7 }],
  ];
  for (const [outcome, more, last, expected] of rows)
    test(`${outcome}: once, and the next deployment of the same text heals it`, async () => {
      once(outcome, more);
      const failed = await up();
      expect({ ok: failed.ok, last: failed.lines.at(-1) }).toEqual({ ok: false, last });
      for (const line of more.log ?? []) expect(failed.lines).toContain(line);
      expect(await state()).toMatchObject(expected);
      const { ok, lines } = await up();
      expect(ok, lines.join("\n")).toBe(true);
      expect(await state()).toMatchObject({ Status: "running", Health: { Status: "healthy" } });
    });

  test("exit without a restart policy is told with its code", async () => {
    once("exit", { exitCode: 7 });
    expect((await up(file("db: {image: a}"))).lines.at(-1)).toBe("container app-1-db-1 exited (7)");
  });

  test("hang: never ends until it is killed", async () => {
    once("hang", { log: ["pulling"] });
    const kill = new AbortController();
    const hanging = stage.up("app-1", file(db), {
      wait: 1,
      signal: kill.signal,
      log: (line) => line === "pulling" && kill.abort(),
    });
    expect((await hanging).ok).toBe(false);
  });

  test("starting with passesAtTimeout: Compose's race, done though nothing is ready", async () => {
    once("starting", { passesAtTimeout: true });
    const { ok, lines } = await up();
    expect({ ok, last: lines.at(-1) }).toEqual({ ok: true, last: " Container platform-db  Waiting" });
    expect(await state()).toMatchObject({ Health: { Status: "starting" } });
  });

  test("concern a container that stays as well, without touching it", async () => {
    await up();
    const [before] = await stage.host.list("app-1");
    once("unhealthy");
    expect((await up()).lines.at(-1)).toBe("container platform-db is unhealthy");
    expect((await stage.host.list("app-1"))[0]?.containerId).toBe(before?.containerId);
    expect((await up()).ok).toBe(true);
  });

  test("with `now` strike what runs already", async () => {
    await up();
    stage.host.script("platform-db", { outcome: "unhealthy", now: true, log: ["out of memory"] });
    expect(await state()).toMatchObject({ Health: { Status: "unhealthy" } });
    expect(await stage.host.logs("platform-db", 1)).toMatch(/^\S+Z out of memory\n$/);
    stage.host.clearScripts();
    expect((await up()).ok).toBe(true);
    expect(await state()).toMatchObject({ Health: { Status: "healthy" } });
  });

  test("last until they are cleared, and only for what they name", async () => {
    stage.host.script("db", { outcome: "unhealthy" });
    expect((await stage.up("other", file("web: {image: a}"), { wait: 30 })).ok).toBe(true);
    expect((await up()).ok).toBe(false);
    expect((await up()).ok).toBe(false);
    stage.host.clearScripts();
    expect((await up()).ok).toBe(true);
  });
});
