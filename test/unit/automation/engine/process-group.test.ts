import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import {
  describeSession,
  endSession,
  killSession,
  listSession,
  parseStat,
} from "../../../../automation/engine/process-group.ts";

test("a process's line is read whatever its command is called", () => {
  const tail = `S 1 41 41 0 -1 4194560 ${"0 ".repeat(12)}777 0 0`;
  for (const command of ["node", "a) b", "(x) S 2 3", ")"]) {
    expect(parseStat(`42 (${command}) ${tail}`)).toEqual({
      pid: 42,
      command,
      state: "S",
      session: 41,
      startTime: 777,
    });
  }
});

test("a session is ended with all that left the leader's group, or all but one", async () => {
  const child = spawn("bash", ["-mc", "sleep 60 & sleep 60 & echo up; wait"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const session = describeSession(child.pid!)!;
  expect(listSession(session).length).toBe(3);
  await killSession(session, { except: session.sid });
  // bash ends when the sleeps it waits for are gone.
  await killSession(session);
  expect(listSession(session)).toEqual([]);
});

test("a session of another boot, or whose number names a new process, has nobody", () => {
  const own = describeSession(process.pid)!;
  expect(listSession({ ...own, bootId: "earlier" })).toEqual([]);
  expect(listSession({ ...own, host: "elsewhere" })).toEqual([]);
});

test.each<[string, string, number]>([
  ["lets it end by itself after one signal", "trap 'exit 0' INT", 5_000],
  ["sends a second one when the first did not do", "n=0; trap 'n=$((n+1)); [ $n -lt 2 ] || exit 0' INT", 0],
  ["kills what takes no notice of either", "trap '' INT", 0],
])("ending a session %s", async (_name, trap, patienceMs) => {
  const script = `${trap}; echo up; while :; do sleep 0.05; done`;
  const child = spawn("bash", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const session = describeSession(child.pid!)!;
  await endSession(session, { ended, patienceMs, graceMs: 1_000 });
  expect(listSession(session)).toEqual([]);
});
