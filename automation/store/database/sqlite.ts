import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { Database, Queries, SqlValue } from "./database.ts";

/** How long one connection waits for another one's write, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;
const BUSY_PAUSE_MS = 2;
const SQLITE_BUSY = 5;

/**
 * One connection to the file (mode 0600), made with its folder when absent. A commit is on disk before its promise resolves
 * (WAL with synchronous=FULL, https://sqlite.org/pragma.html#pragma_synchronous). Several connections and processes may share the
 * file on one machine; for several machines use PostgreSQL.
 */
export async function openSqlite(file: string): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true });
  const connection = new DatabaseSync(file, { timeout: 0 });
  chmodSync(file, 0o600);
  await whenFree(() => connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));

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

  return {
    query: (text, values) => inTurn(() => queries.query(text, values)),
    // IMMEDIATE locks out every other writer at once, so that sections of any name are safe.
    locked: (_name, work) =>
      inTurn(async () => {
        await whenFree(() => connection.exec("BEGIN IMMEDIATE"));
        try {
          const result = await work(queries);
          connection.exec("COMMIT");
          return result;
        } catch (error) {
          if (connection.isTransaction) connection.exec("ROLLBACK");
          throw error;
        }
      }),
    close: () =>
      inTurn(async () => {
        if (connection.isOpen) connection.close();
      }),
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
