import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseUntil } from "../../../cli/runner/hold.ts";
import { error, type FakeRunner, startFakeRunner, view } from "./fake-runner.ts";
import { runCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

let runner: FakeRunner;
beforeEach(async () => {
  runner = await startFakeRunner();
});
afterEach(() => runner.close());

const dockmaster = (...words: string[]) => runCli(words, { env: runner.env });
const hold = {
  ...{ id: "h1", env: "staging", by: "ada", reason: "the database is moved", made_at: "2026-01-31T11:00:00.000Z" },
  ...{ until: null, taken_back: null, ended_at: null, ended_by: null },
};
const gate = { kind: "hold", id: "h1", by: "ada", reason: "the database is moved", until: null };

describe("hold", () => {
  test("asks for it, and says how it ends and what goes on", async () => {
    runner.script.set("POST /holds", [{ status: 200, body: { ...hold, under_way: "run-7" } }]);
    const { code, stdout } = await dockmaster("hold", "staging", "--reason", "the database is moved", "--until", "2h");
    expect(code).toBe(0);
    expect(stdout).toContain("staging: held by ada until it is lifted: the database is moved");
    expect(stdout).toContain("dockmaster cancel run-7");
    expect(stdout).toContain("dockmaster hold staging --lift");
    const { env, reason, until, triggered_by } = runner.received[0]!.body as Record<string, string>;
    expect({ env, reason }).toEqual({ env: "staging", reason: "the database is moved" });
    expect(Date.parse(until ?? "") - Date.now()).toBeGreaterThan(7_000_000);
    expect(triggered_by).toMatch(/./);
  });

  test("lifts all that holds the stack, and no other", async () => {
    runner.script.set("GET /holds", [{ status: 200, body: { holds: [hold, { ...hold, id: "h2" }] } }]);
    const ended = { ...hold, ended_at: "2026-01-31T12:00:00.000Z", ended_by: "ben" };
    runner.script.set("POST /holds/h1/lift", [{ status: 200, body: ended }]);
    runner.script.set("POST /holds/h2/lift", [{ status: 409, body: error("hold_ended", "it has ended", "list them") }]);
    const { code, stdout } = await dockmaster("hold", "staging", "--lift", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "hold",
      env: "staging",
      lifted: [{ id: "h1", ended_by: "ben" }],
    });
    expect(runner.received[0]?.path).toBe("/holds?env=staging");
  });

  test("says that nothing holds it, and that there is no such environment", async () => {
    runner.script.set("GET /holds", [{ status: 200, body: { holds: [] } }]);
    const unknown = { tag: null, commit: null, since: null, healthy: null, drift: null, behind_by: null };
    runner.script.set("GET /stacks", [{ status: 200, body: { stacks: [{ env: "staging", ...unknown }] } }]);
    const mistyped = await dockmaster("hold", "stagign", "--lift");
    expect(mistyped.code).toBe(2);
    expect(mistyped.stderr).toMatch(/There is no environment stagign\n.*name one of: staging/);
    const { code, stdout } = await dockmaster("hold", "staging", "--lift");
    expect(code).toBe(0);
    expect(stdout).toContain("nothing holds it");
  });

  test.each([
    [["hold", "staging"], /needs a reason/],
    [["hold", "staging", "--reason", " "], /needs a reason/],
    [["hold", "staging", "--lift", "--reason", "x"], /takes neither/],
    [["hold", "staging", "--reason", "x", "--until", "soon"], /soon is no moment/],
    [["hold", "staging", "--reason", "x", "--until", "2020-01-31T12:00:00Z"], /is over already/],
  ])("%j is used wrongly", async (words, message) => {
    const { code, stderr } = await dockmaster(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(runner.received).toEqual([]);
  });
});

test("a deploy that is held back says by whom, until when and why, and ends with 3", async () => {
  const held = { status: "waiting", run: "run-1", status_url: "/runs/run-1", gate };
  runner.script.set("POST /deploy", [{ status: 202, body: held }]);
  const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4");
  expect(code).toBe(3);
  expect(stdout).toContain("the run waits: held by ada until it is lifted: the database is moved");
  const json = await dockmaster("deploy", "staging", "v1.2.4", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ status: "waiting", run: "run-1", gate });
});

test("lists show what holds a run back, and status who holds a stack", async () => {
  const waits = view({
    state: "waiting",
    gate: { ...gate, kind: "hold" },
    outcomes: [],
    finished_at: null,
    duration: null,
  });
  runner.script.set("GET /runs", [{ status: 200, body: { runs: [waits], next: null } }]);
  expect((await dockmaster("runs")).stdout).toContain("held by ada until it is lifted: the database is moved");
  const stack = {
    ...{
      env: "staging",
      tag: "v1.2.3",
      commit: "a".repeat(40),
      since: null,
      healthy: true,
      drift: false,
      behind_by: 0,
    },
    ...{ holds: [hold], held_back: { run: "run-1", tag: "v1.2.4", commit: "b".repeat(40) } },
    confirmed: { tag: "v1.2.3", commit: "a".repeat(40), at: "2026-01-31T11:00:00.000Z" },
    confirming: null,
  };
  runner.script.set("GET /stacks", [{ status: 200, body: { stacks: [stack] } }]);
  const { stdout } = await dockmaster("status");
  expect(stdout).toContain("staging is held by ada until it is lifted: the database is moved");
  expect(stdout).toContain("staging: v1.2.4 waits for that (run run-1)");
});

test("a moment is a length of time or a time with its zone", () => {
  expect(parseUntil("90m", 0)).toBe(5_400_000);
  expect(parseUntil("1d", 0)).toBe(86_400_000);
  expect(parseUntil("2026-01-31T13:00+01:00", 0)).toBe(Date.parse("2026-01-31T12:00:00Z"));
  for (const text of [
    "",
    "2",
    "2x",
    "-2h",
    "2026-01-31",
    "2026-01-31T12:00:00",
    "2026-99-31T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "0h",
  ]) {
    expect(() => parseUntil(text, 1)).toThrow();
  }
});
