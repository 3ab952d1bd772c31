import { expect, test } from "vitest";
import type { EngineSession } from "../../../automation/domain/run.ts";
import { parseLocks } from "../../../automation/engine/locks.ts";
import { areAbandoned, decideLocks } from "../../../automation/recovery.ts";

const OLD: EngineSession = { sid: 100, startTime: 1, host: "here", bootId: "b", lockId: "ours" };
const lock = (id: string, host = "here", pid = 1) => ({ id, host, pid });

test.each<[string, ReturnType<typeof lock>, boolean, "remove" | "keep"]>([
  ["the lock on record", lock("ours"), false, "remove"],
  ["one of a dead process of this machine", lock("other"), true, "remove"],
  ["one of a process that is at work", lock("other"), false, "keep"],
  ["one of another machine", lock("other", "laptop"), true, "keep"],
])("of a stack's lock files, %s", (_name, file, isDead, expected) => {
  const { remove, keep } = decideLocks([file], OLD, () => isDead);
  expect({ remove, keep: keep.map(({ id }) => id) }).toEqual(
    expected === "remove" ? { remove: [file.id], keep: [] } : { remove: [], keep: [file.id] },
  );
});

// As pulumi 3.259 writes it.
const SAID = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  postgres://[secret]@db/state/.pulumi/locks/organization/dockmaster/staging/1f0c.json: created by root@runner-1 (pid 41) at 2026-11-21T07:00:00Z
  postgres://[secret]@db/state/.pulumi/locks/organization/dockmaster/staging/77ab.json: created by @my-laptop.local (pid 977) at 2026-11-21T07:01:00+01:00`;

test("the locks that the engine names are read from what it says", () => {
  expect(parseLocks(SAID)).toEqual([
    { user: "root", host: "runner-1", pid: 41, since: Date.parse("2026-11-21T07:00:00Z") },
    { user: "", host: "my-laptop.local", pid: 977, since: Date.parse("2026-11-21T06:01:00Z") },
  ]);
  expect(parseLocks("error: something else")).toEqual([]);
});

const hosts = { own: "here", before: "gone" };

test.each<[string, { host: string; pid: number }[], boolean]>([
  ["no lock was named", [], false],
  ["a dead engine of this machine", [{ host: "here", pid: 1 }], true],
  ["one of this machine that is at work", [{ host: "here", pid: 2 }], false],
  ["the runner that had the stack before", [{ host: "gone", pid: 2 }], true],
  ["a laptop", [{ host: "laptop", pid: 1 }], false],
  [
    "a dead engine and a laptop",
    [
      { host: "here", pid: 1 },
      { host: "laptop", pid: 1 },
    ],
    false,
  ],
])("locks in a shared backend are abandoned or not: %s", (_name, locks, expected) => {
  expect(areAbandoned(locks, hosts, (pid) => pid === 2)).toBe(expected);
});
