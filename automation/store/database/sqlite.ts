import { chmodSync, fstatSync, mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { Database, Queries, SqlValue } from "./database.ts";

/** How long one connection waits for another one's write, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;
const BUSY_PAUSE_MS = 2;
const SQLITE_BUSY = 5;

/**
 * How many pages (4 KiB) a connection leaves in the log before it carries them over into the file itself, which takes syncs that stop
 * its thread. The first is for threads that nobody waits for, so that the second is hardly ever reached.
 */
export const PAGES_LEFT = { apart: 4_000, here: 8_000 };

/**
 * One connection to the file (mode 0600), made with its folder when absent. A commit is on disk before its promise resolves, and so is
 * whatever a promise tells. SQLite itself does not sync the log (WAL with synchronous=NORMAL,
 * https://sqlite.org/pragma.html#pragma_synchronous), for its sync stops the whole process as long as the disk takes, and every commit
 * needs one: here one sync, beside the event loop, is for all commits that came before it. Several connections and processes may share
 * the file on one machine; for several machines use PostgreSQL.
 */
export async function openSqlite(file: string, pagesLeft = PAGES_LEFT.here): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true });
  const connection = new DatabaseSync(file, { timeout: 0 });
  chmodSync(file, 0o600);
  await whenFree(() =>
    connection.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${pagesLeft};`,
    ),
  );

  const statements = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const known = statements.get(text);
    if (known) return known;
    const statement = connection.prepare(text.replace(/\$(\d+)/g, "?$1"));
    statements.set(text, statement);
    return statement;
  };
  const queries: Queries = {
    query: <Row>(text: string, values: readonly SqlValue[] = []) =>
      whenFree(() => prepare(text).all(...values) as Row[]),
  };

  // One connection: whatever came between BEGIN and COMMIT would become part of that transaction.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const log = openLog(`${file}-wal`);
  const changes = connection.prepare("SELECT total_changes() AS n");
  const countChanges = () => changes.get()?.n;
  /** What `work` gives, once it is on disk, and all that it may have seen. */
  const kept = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = await inTurn(work);
    await log.onDisk();
    return result;
  };

  return {
    query: (text, values) =>
      kept(async () => {
        const rows = await queries.query(text, values);
        if (!/^\s*SELECT\b/i.test(text)) log.written();
        return rows as never;
      }),
    // IMMEDIATE locks out every other writer at once, so that sections of any name are safe.
    locked: (_name, work) =>
      kept(async () => {
        await whenFree(() => connection.exec("BEGIN IMMEDIATE"));
        const before = countChanges();
        try {
          const result = await work(queries);
          connection.exec("COMMIT");
          // What is decided here may rest on what another process wrote just now.
          if (countChanges() !== before || log.isTouched()) log.written();
          return result;
        } catch (error) {
          if (connection.isTransaction) connection.exec("ROLLBACK");
          throw error;
        }
      }),
    close: async () => {
      await inTurn(async () => {
        // The last connection removes the log.
        await log.onDisk().catch(() => {});
        if (connection.isOpen) connection.close();
      });
      await log.close();
    },
  };
}

/** The log that commits are appended to. */
interface CommitLog {
  /** Says that something was committed. */
  written(): void;
  /** Whether anybody may have written since the last sync was begun: whoever looks for work finds none, mostly, and the disk rests. */
  isTouched(): boolean;
  /** Resolves when all that was committed so far is on disk. Rejects when nobody knows whether it is. */
  onDisk(): Promise<void>;
  close(): Promise<void>;
}

function openLog(file: string): CommitLog {
  let written = 0;
  let synced = 0;
  let handle: FileHandle | undefined;
  let touchedAt: number | undefined;
  const modifiedAt = (fd: number) => fstatSync(fd).mtimeMs;
  let syncing: Promise<void> | undefined;
  const sync = async () => {
    const until = written;
    if (!handle) {
      handle = await open(file, "r");
      // Its name, too. Not every file system can do that, and SQLite takes no notice either (os_unix.c, unixSync).
      const folder = await open(dirname(file), "r");
      await folder
        .sync()
        .catch(() => {})
        .finally(() => folder.close());
    }
    touchedAt = modifiedAt(handle.fd);
    await handle.datasync();
    synced = until;
  };
  return {
    written: () => {
      written += 1;
    },
    isTouched: () => handle === undefined || modifiedAt(handle.fd) !== touchedAt,
    onDisk: async () => {
      const mine = written;
      while (synced < mine) {
        syncing ??= sync().finally(() => {
          syncing = undefined;
        });
        await syncing;
      }
    },
    close: async () => {
      await syncing?.catch(() => {});
      await handle?.close();
      handle = undefined;
    },
  };
}

/** SQLite's own busy time-out would stop the whole process, also the other connection that it waits for. */
async function whenFree<Result>(attempt: () => Result): Promise<Result> {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await delay(BUSY_PAUSE_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}
