import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Database } from "../../../../../automation/store/database/database.ts";
import { openSqlite } from "../../../../../automation/store/database/sqlite.ts";

let folder: string;
let db: Database;
/** Syncs that were begun; each goes on when it is told to. */
let syncs: { release(): void; fail(error: Error): void }[];
let giveBack: () => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-syncs-"));
  db = await openSqlite(join(folder, "x.db"));
  await db.query("CREATE TABLE t (n BIGINT)");
  syncs = [];
  const handle = await open(folder, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const real = prototype.datasync;
  prototype.datasync = function (this: FileHandle) {
    const told = Promise.withResolvers<void>();
    syncs.push({ release: told.resolve, fail: told.reject });
    return told.promise.then(() => real.call(this));
  };
  giveBack = () => {
    prototype.datasync = real;
  };
});

afterEach(async () => {
  giveBack();
  for (const { release } of syncs) release();
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const insert = (n: number) => db.locked("t", (queries) => queries.query("INSERT INTO t (n) VALUES ($1)", [n]));

/** Whether it is settled once everything that can go on has gone on. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  work.then(settle, settle);
  for (let n = 0; n < 50; n += 1) await turn();
  return settled;
}

test("a commit is answered when it is on disk, and not before", async () => {
  const done = insert(1);
  expect(await isSettled(done)).toBe(false);
  expect(syncs).toHaveLength(1);
  syncs[0]!.release();
  await done;
});

test("nothing is told that is not on disk yet, be it somebody else's", async () => {
  const done = insert(1);
  const seen = db.query("SELECT n FROM t");
  expect(await isSettled(seen)).toBe(false);
  syncs[0]!.release();
  await done;
  expect(await seen).toEqual([{ n: 1 }]);
});

test("commits that come while the disk is busy share the next sync", async () => {
  const first = insert(0);
  expect(await isSettled(first)).toBe(false);
  const others = Promise.all(Array.from({ length: 50 }, (_, n) => insert(n + 1)));
  expect(await isSettled(others)).toBe(false);
  syncs[0]!.release();
  await first;
  expect(await isSettled(others)).toBe(false);
  expect(syncs).toHaveLength(2);
  syncs[1]!.release();
  await others;
  expect(syncs).toHaveLength(2);
});

test("what only reads needs no sync", async () => {
  expect(await db.query("SELECT n FROM t")).toEqual([]);
  expect(syncs).toHaveLength(0);
});

test("whoever looks for work and finds none has nothing synced", async () => {
  const done = insert(1);
  await isSettled(done);
  syncs[0]!.release();
  await done;
  await db.locked("t", (queries) => queries.query("SELECT n FROM t"));
  expect(syncs).toHaveLength(1);
});

test("what another process wrote is on disk before anything is decided on it", async () => {
  const first = insert(1);
  await isSettled(first);
  syncs[0]!.release();
  await first;
  const other = new DatabaseSync(join(folder, "x.db"));
  // A file's time has the grain of the kernel's clock.
  await delay(20);
  other.exec("PRAGMA synchronous = NORMAL; INSERT INTO t (n) VALUES (7)");
  const seen = db.locked("t", (queries) => queries.query("SELECT n FROM t ORDER BY n"));
  expect(await isSettled(seen)).toBe(false);
  syncs[1]!.release();
  expect(await seen).toEqual([{ n: 1 }, { n: 7 }]);
  other.close();
});

test("a sync that fails is no success, and the next one is tried anew", async () => {
  const done = insert(1);
  expect(await isSettled(done.catch(() => {}))).toBe(false);
  syncs[0]!.fail(new Error("EIO"));
  await expect(done).rejects.toThrow("EIO");
  const next = insert(2);
  expect(await isSettled(next)).toBe(false);
  syncs[1]!.release();
  await next;
});

test("closes only after what was committed is on disk", async () => {
  const done = insert(1);
  const closed = db.close();
  expect(await isSettled(closed)).toBe(false);
  syncs[0]!.release();
  await done;
  await closed;
});
