import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findLastStarted } from "../../../../automation/claim/worker.ts";
import type { EngineSession, Run } from "../../../../automation/domain/run.ts";
import type { RunKind } from "../../../../automation/domain/run-kinds.ts";
import { isLocked, parseLocks, readLocks } from "../../../../automation/state/locks.ts";
import { openStore } from "../../../../automation/store/open.ts";
import type { Claim, Store } from "../../../../automation/store/store.ts";
import {
  areAbandoned,
  clearWay,
  decideLocks,
  findInterrupted,
  requireReadableLocks,
} from "../../../../automation/work/recovery.ts";

const OLD: EngineSession = { sid: 100, startTime: 1, host: "here", bootId: "b", lockId: "ours" };
const lock = (id: string, host = "here", pid = 1) => ({ id, host, pid });

test.each<[string, ReturnType<typeof lock>, boolean, "remove" | "keep"]>([
  ["the lock on record", lock("ours"), false, "remove"],
  ["one of a dead process of this machine", lock("other"), true, "remove"],
  ["one of a process that is at work", lock("other"), false, "keep"],
  ["one of another machine", lock("other", "laptop"), true, "keep"],
])("of a stack's lock files, %s", (_name, file, isDead, expected) => {
  expect(decideLocks([file], OLD, () => isDead)).toEqual(expected === "remove" ? [file.id] : []);
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

test.each<[string, boolean]>([
  [SAID, true],
  ["error: [409] Conflict: Another update is currently in progress.", true],
  ["error: update failed", false],
])("an engine says whether another holds the stack: %#", (said, expected) => {
  expect(isLocked(said)).toBe(expected);
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

describe("what an engine that was killed left behind", () => {
  let folder: string;
  let store: Store;
  let now = 1_780_000_000_000;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-recovery-"));
    store = await openStore(`sqlite:${join(folder, "runs.db")}`);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const leftBefore = async (run: Run) => findInterrupted({ run, before: await findLastStarted(store, run) });

  /** Accepts and claims a run of another commit each time. */
  const begin = async (kind: RunKind = "deploy", stack = "staging"): Promise<Claim> => {
    now += 1000;
    const release = { kind, stack, tag: null, commit: now.toString(16).padStart(40, "0"), services: null };
    const who = { rollback: false, triggeredBy: "ada", reason: null, requestId: "r" };
    await store.accept({ ...release, ...who }, now);
    return (await store.claim("test", 30_000, now))!;
  };
  const end = async ({ run, lease }: Claim, event: "fail" | "succeed" | "cancel" = "fail") => {
    await store.transition(run.id, event, {}, now, lease);
    await store.release(lease, now);
  };
  const startEngine = ({ run, lease }: Claim, session: EngineSession | null) =>
    store.update(run.id, { attempts: 1, session }, now, lease);
  /** Ended long ago; of an earlier boot, so that nothing of this one is ever taken for it. */
  const old: EngineSession = { ...OLD, host: hostname(), lockId: null };
  /** A lock file as an engine of this machine leaves it when it is killed. */
  const leaveLock = (id: string, text?: string) => {
    const holder = { pid: spawnSync("true").pid, username: "root", hostname: hostname(), timestamp: "" };
    const file = join(folder, `${id}.json`);
    writeFileSync(file, text ?? JSON.stringify(holder));
    return file;
  };

  test("is cleared away by a later run, when the one that was to recover it never came so far", async () => {
    const cutOff = await begin();
    await startEngine(cutOff, old);
    const lock = leaveLock("1f0c");
    await end(cutOff);
    for (const event of ["fail", "cancel"] as const) await end(await begin(), event);

    const { run } = await begin("sync");
    const left = await leftBefore(run);
    expect(left).toEqual({ session: old, recover: true });
    expect(await clearWay(left.session, folder)).toEqual(["1f0c"]);
    expect(existsSync(lock)).toBe(false);
  });

  test("is found behind any number of runs that never started", async () => {
    const cutOff = await begin();
    await startEngine(cutOff, old);
    await end(cutOff);
    for (let runs = 0; runs < 45; runs += 1) await end(await begin());
    const { run } = await begin();
    expect(await leftBefore(run)).toEqual({ session: old, recover: true });
  });

  test("is found behind one that found the stack locked by somebody else", async () => {
    const cutOff = await begin();
    await startEngine(cutOff, old);
    await end(cutOff);
    const locked = await begin();
    await startEngine(locked, null);
    const cause = { code: "stack_locked", message: "", hint: "" } as const;
    await store.transition(locked.run.id, "fail", { cause }, now, locked.lease);
    await store.release(locked.lease, now);
    const { run } = await begin();
    expect(await leftBefore(run)).toEqual({ session: old, recover: true });
  });

  test("is nothing once another run's engine ended by itself, and none of another stack's or a preview's", async () => {
    const cutOff = await begin();
    await startEngine(cutOff, old);
    await end(cutOff);
    const next = await begin();
    await startEngine(next, null);
    await end(next);
    const preview = await begin("preview");
    await startEngine(preview, old);
    await end(preview);
    const other = await begin("deploy", "production");
    await startEngine(other, old);
    await end(other);
    const { run } = await begin();
    expect(await leftBefore(run)).toEqual({ session: null, recover: false });
  });

  test("is the run's own before any other's", async () => {
    const cutOff = await begin();
    await startEngine(cutOff, old);
    await end(cutOff);
    const { run } = await begin();
    const own = { ...old, sid: 200 };
    expect(await leftBefore({ ...run, session: own })).toEqual({ session: own, recover: true });
  });

  test("may be a lock that this very process left before it died and began again", async () => {
    const lock = leaveLock("1f0c", JSON.stringify({ pid: process.pid, hostname: hostname() }));
    expect(await clearWay({ ...old, host: hostname() }, folder)).toEqual(["1f0c"]);
    expect(existsSync(lock)).toBe(false);
  });

  test("is cleared without the lock of somebody else", async () => {
    const lock = leaveLock("77ab", JSON.stringify({ pid: 1, hostname: "laptop" }));
    leaveLock("1f0c", JSON.stringify({ pid: 1, hostname: "runner" }));
    expect(await clearWay({ ...old, lockId: "1f0c" }, folder)).toEqual(["1f0c"]);
    expect(existsSync(lock)).toBe(true);
  });

  test.each(["", "{", "null", '{"pid":"1"}'])(
    'may be a damaged lock ("%s"): removed only when it is on record',
    async (text) => {
      const lock = leaveLock("77ab", text);
      expect((await readLocks(folder)).map(({ id }) => id)).toEqual(["77ab"]);
      expect(await clearWay(old, folder)).toEqual([]);
      await expect(requireReadableLocks(folder)).rejects.toMatchObject({
        name: "ReleaseError",
        message: expect.stringContaining(lock),
        hint: expect.stringContaining("remove"),
      });
      expect(await clearWay({ ...old, lockId: "77ab" }, folder)).toEqual(["77ab"]);
      await requireReadableLocks(folder);
      expect(existsSync(lock)).toBe(false);
    },
  );
});
