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
