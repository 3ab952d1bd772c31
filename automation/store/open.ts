import type { Database } from "./database/database.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store that `DATABASE_URL` names: `sqlite:<path>` (one machine) or `postgres://…` (several runners).
 * Throws for any other scheme; the message never repeats the address, which may hold a password.
 */
export async function openStore(databaseUrl: string): Promise<Store> {
  const db = await openDatabase(databaseUrl, "here");
  try {
    return await (await import("./sql-store.ts")).openSqlStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/**
 * One more connection to the database of a store that was opened before, for a thread that nobody waits for, without what a store is
 * besides. Throws as `openStore` does.
 */
export function openConnection(databaseUrl: string): Promise<Database> {
  return openDatabase(databaseUrl, "apart");
}

/** `apart`: one connection of a thread that nobody waits for. Only what is used is loaded. */
async function openDatabase(databaseUrl: string, where: "here" | "apart"): Promise<Database> {
  if (/^postgres(ql)?:\/\//.test(databaseUrl)) {
    const { openPostgres } = await import("./database/postgres.ts");
    return openPostgres(databaseUrl, where === "apart" ? 1 : undefined);
  }
  const file = /^sqlite:(.+)$/s.exec(databaseUrl)?.[1];
  if (file === undefined) throw new Error("DATABASE_URL must be sqlite:<path> or postgres://<user>@<host>/<database>");
  const { openSqlite, PAGES_LEFT } = await import("./database/sqlite.ts");
  return openSqlite(file, PAGES_LEFT[where]);
}
