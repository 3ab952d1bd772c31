import type { Database } from "./database/database.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store that `DATABASE_URL` names: `sqlite:<path>` (one machine) or `postgres://…` (several runners).
 * Throws for any other scheme; the message never repeats the address, which may hold a password.
 */
export async function openStore(databaseUrl: string): Promise<Store> {
  const db = await openDatabase(databaseUrl);
  try {
    return await (await import("./sql-store.ts")).openSqlStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/**
 * One more connection to the database of a store that was opened before, without what a store is besides. Throws as `openStore` does.
 */
export function openConnection(databaseUrl: string): Promise<Database> {
  return openDatabase(databaseUrl, 1);
}

/** Only what is used is loaded. `connections` is of PostgreSQL. */
async function openDatabase(databaseUrl: string, connections?: number): Promise<Database> {
  if (/^postgres(ql)?:\/\//.test(databaseUrl))
    return (await import("./database/postgres.ts")).openPostgres(databaseUrl, connections);
  const file = /^sqlite:(.+)$/s.exec(databaseUrl)?.[1];
  if (file !== undefined) return (await import("./database/sqlite.ts")).openSqlite(file);
  throw new Error("DATABASE_URL must be sqlite:<path> or postgres://<user>@<host>/<database>");
}
