import fc from "fast-check";
import { expect, test } from "vitest";
import type { Dokploy } from "../../../../components/dokploy/api/client.ts";
import { isSameStart, lookAgain } from "../../../../components/dokploy/look-at-containers.ts";
import { wordSpan } from "../../../../emulator/containers/simulation/run/container-status.ts";

const START = Date.parse("2026-11-20T13:00:00.353Z");
const was = { id: "fb31f9f89c88", startedAt: "2026-11-20T13:00:00.353144743Z", restarts: 0 };
const row = (status: string, state = "running", containerId = "fb31f9f89c88") => ({
  ...{ containerId, name: "redis", state, status },
});

test("a start is never taken for the old one when it came more than a moment later, whatever Docker's words leave open", () => {
  const span = fc.oneof(fc.integer({ min: 2_001, max: 70_000 }), fc.integer({ min: 2_001, max: 400 * 86_400_000 }));
  fc.assert(
    fc.property(span, fc.integer({ min: 0, max: 400 * 86_400_000 }), (later, age) => {
      const now = START + later + age;
      expect(isSameStart(was, row(`Up ${wordSpan(age)} (healthy)`), now)).toBe(false);
    }),
  );
});

test("in its first minute it is told without a question", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 59_999 }), fc.integer({ min: 0, max: 900 }), (age, delay) => {
      expect(isSameStart(was, row(`Up ${wordSpan(age)}`), START + age + delay)).toBe(true);
    }),
  );
});

test.each([
  ["another container", row("Up 3 seconds", "running", "0123456789ab")],
  ["one that restarts", row("Restarting (137) 3 seconds ago", "restarting")],
  ["one that ended", row("Exited (1) 3 seconds ago", "exited")],
])("%s is looked at", (_, container) => {
  expect(isSameStart(was, container, START + 3_500)).toBe(false);
});

test("Docker is asked only about containers that may have been started again; what it does not tell stays", async () => {
  const asked: string[] = [];
  const dokploy = {
    container: async (id: string) => {
      asked.push(id);
      if (id === "silent") return undefined;
      const State = { Running: id !== "ended", StartedAt: "2026-11-20T14:00:00Z", ExitCode: id === "ended" ? 137 : 0 };
      return { Id: `${id}-0123456789abcdef`, State, RestartCount: 3 };
    },
  } as unknown as Dokploy;
  const names = ["same", "again", "ended", "silent", "absent"];
  const before = Object.fromEntries(names.map((name) => [name, { ...was, id: name }]));
  const rows = [
    { containerId: "same", name: "same", state: "running", status: "Up 30 seconds" },
    { containerId: "again", name: "again", state: "running", status: "Up 3 seconds (healthy)" },
    { containerId: "ended", name: "ended", state: "restarting", status: "Restarting (137) 1 second ago" },
    { containerId: "silent", name: "silent", state: "running", status: "Up 3 seconds" },
  ];
  const after = await lookAgain(dokploy, before, rows, START + 30_500);
  expect(asked.sort()).toEqual(["again", "ended", "silent"]);
  expect(after).toEqual({
    ...before,
    again: { id: "again-012345", startedAt: "2026-11-20T14:00:00Z", restarts: 3 },
    ended: { id: "ended-012345", startedAt: "2026-11-20T14:00:00Z", restarts: 3, exitCode: 137 },
  });
});

const HOUR = 3_600_000;
const NOW = START + 5 * HOUR;
const proof = { id: was.id, startedAt: was.startedAt, restarts: was.restarts, at: NOW - 60_000 };
test.each<[string, string, Record<string, typeof proof>, number]>([
  ["has run for hours, and was seen a minute ago", "Up 4 hours", { redis: proof }, 0],
  ["has run for hours, and nobody saw it", "Up 4 hours", {}, 1],
  ["says that it was started since", "Up 30 seconds", { redis: proof }, 1],
  ["was seen before the latest moment of its start", "Up 4 hours", { redis: { ...proof, at: NOW - 4 * HOUR } }, 1],
  ["was another process when it was seen", "Up 4 hours", { redis: { ...proof, restarts: 9 } }, 1],
  ["was another container when it was seen", "Up 4 hours", { redis: { ...proof, id: "fedcba987654" } }, 1],
  [
    "was started at another time when it was seen",
    "Up 4 hours",
    { redis: { ...proof, startedAt: "2026-01-01T00:00:00Z" } },
    1,
  ],
  ["was seen by a clock that goes ahead of ours", "Up 4 hours", { redis: { ...proof, at: NOW + 1 } }, 1],
])("a container that %s", async (_, status, proven, questions) => {
  let asked = 0;
  const State = { Running: true, StartedAt: was.startedAt, ExitCode: 0 };
  const container = async () => {
    asked += 1;
    return { Id: was.id, State, RestartCount: was.restarts };
  };
  const rows = [{ containerId: was.id, name: "redis", state: "running", status }];
  const dokploy = { container } as unknown as Dokploy;
  expect(await lookAgain(dokploy, { redis: was }, rows, NOW, () => {}, proven)).toEqual({ redis: was });
  expect(asked).toBe(questions);
});

test("a start after it was seen is never taken for none, whatever Docker's words leave open", async () => {
  const span = fc.oneof(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 400 * 86_400_000 }));
  await fc.assert(
    fc.asyncProperty(span, fc.integer({ min: 0, max: 400 * 86_400_000 }), async (later, age) => {
      const seen = START + 10 * HOUR;
      const container = async () => undefined;
      const now = seen + later + age;
      const rows = [{ containerId: was.id, name: "redis", state: "running", status: `Up ${wordSpan(age)} (healthy)` }];
      const proven: string[] = [];
      const prove = (name: string) => void proven.push(name);
      await lookAgain({ container } as unknown as Dokploy, { redis: was }, rows, now, prove, {
        redis: { ...proof, at: seen },
      });
      expect(proven).toEqual([]);
    }),
  );
});
