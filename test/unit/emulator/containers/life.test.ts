import { describe, expect, test } from "vitest";
import { conditionAt, type Life } from "../../../../emulator/containers/simulation/pretend/life.ts";

const start = 1_000_000;
const endless: Life = { startedAt: start, exitCode: 0, restart: "no", backoff: 100 };
const probe = { interval: 1000, retries: 3, startPeriod: 0, succeeds: true };
const crashing: Life = { ...endless, exitCode: 3, endsAfter: 100 };

describe("a container's condition follows from its life", () => {
  const rows: [string, Life | undefined, number, object][] = [
    ["created, never started", undefined, 5000, { status: "created" }],
    ["running without a health check", endless, 1e9, { status: "running" }],
    ["starting until the first probe", { ...endless, probe }, 999, { health: "starting", changesAt: start + 1000 }],
    ["healthy from the first probe on", { ...endless, probe }, 1000, { health: "healthy" }],
    [
      "not yet unhealthy",
      { ...endless, probe: { ...probe, succeeds: false } },
      2999,
      { health: "starting", failingStreak: 2 },
    ],
    [
      "unhealthy after its retries",
      { ...endless, probe: { ...probe, succeeds: false } },
      3000,
      { health: "unhealthy" },
    ],
    [
      "failures in the start period do not count",
      { ...endless, probe: { ...probe, succeeds: false, startPeriod: 5000 } },
      7999,
      { health: "starting" },
    ],
    [
      "and count after it",
      { ...endless, probe: { ...probe, succeeds: false, startPeriod: 5000 } },
      8000,
      { health: "unhealthy" },
    ],
    ["ended for good", crashing, 100, { status: "exited", exitCode: 3, restarts: 0 }],
    [
      "ended by itself is unhealthy where it was watched",
      { ...crashing, probe },
      100,
      { status: "exited", health: "unhealthy" },
    ],
    [
      "pausing before a restart",
      { ...crashing, restart: "always" },
      150,
      { status: "restarting", restarts: 0, changesAt: start + 200 },
    ],
    ["running again", { ...crashing, restart: "always" }, 250, { status: "running", restarts: 1 }],
    [
      "pauses double: 100 ms, then 200 ms",
      { ...crashing, restart: "always" },
      499,
      { status: "restarting", restarts: 1 },
    ],
    ["restarted twice", { ...crashing, restart: "always" }, 500, { status: "running", restarts: 2 }],
    [
      "on-failure gives up at its limit",
      { ...crashing, restart: "on-failure:2" },
      60_000,
      { status: "exited", restarts: 2, exitCode: 3 },
    ],
    [
      "on-failure leaves a success alone",
      { ...crashing, exitCode: 0, restart: "on-failure" },
      200,
      { status: "exited", exitCode: 0 },
    ],
    [
      "always restarts a success",
      { ...crashing, exitCode: 0, restart: "always" },
      250,
      { status: "running", restarts: 1 },
    ],
    [
      "health starts anew with each run",
      { ...endless, exitCode: 1, endsAfter: 5000, restart: "always", probe },
      5500,
      { status: "running", health: "starting", restarts: 1 },
    ],
    [
      "stopped by hand",
      { ...endless, stopped: { at: start + 50, exitCode: 0 } },
      60,
      { status: "exited", exitCode: 0 },
    ],
    ["not stopped before that", { ...endless, stopped: { at: start + 50, exitCode: 0 } }, 49, { status: "running" }],
    [
      "stopped while it paused",
      { ...crashing, restart: "always", stopped: { at: start + 150, exitCode: 0 } },
      1e9,
      { status: "exited", restarts: 0 },
    ],
  ];
  for (const [name, life, age, expected] of rows)
    test(name, () => {
      expect(conditionAt(life, start + age)).toMatchObject(expected);
    });

  test("pauses stop growing at 600 times the first, however long it goes on", () => {
    const month = 30 * 24 * 3600 * 1000;
    const { restarts } = conditionAt({ ...crashing, restart: "always" }, start + month);
    expect(restarts).toBeGreaterThan(month / 60_100 - 2);
    expect(restarts).toBeLessThan(month / 60_100 + 12);
  });

  test("every change comes when it was foretold", () => {
    const life = { ...crashing, endsAfter: 2500, restart: "on-failure:4", probe };
    let at: number | undefined = start;
    const changes: string[] = [];
    while (at !== undefined) {
      const { status, health, changesAt } = conditionAt(life, at);
      changes.push(`${status} ${health}`);
      at = changesAt;
    }
    const oneRun = ["running starting", "running healthy"];
    expect(changes).toEqual([
      ...Array.from({ length: 4 }, () => [...oneRun, "restarting unhealthy"]).flat(),
      ...oneRun,
      "exited unhealthy",
    ]);
  });
});
