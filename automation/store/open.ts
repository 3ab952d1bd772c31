import type { Database } from "./database.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store that `DATABASE_URL` names: `sqlite:<path>` (one machine) or `postgres://…` (several runners).
 * Throws for any other scheme; the message never repeats the address, which may hold a password.
 */
export async function openStore(databaseUrl: string): Promise<Store> {
  // Only the one that is used is loaded.
  if (isPostgres(databaseUrl)) return (await import("./postgres.ts")).openPostgresStore(databaseUrl);
  const file = fileOf(databaseUrl);
  if (file !== undefined) return (await import("./sqlite.ts")).openSqliteStore(file);
  throw unknownScheme();
}

/**
 * One more connection to the database of a store that was opened before, for a thread that nobody waits for, without what a store is
 * besides. Throws as `openStore` does.
 */
export async function openConnection(databaseUrl: string): Promise<Database> {
  if (isPostgres(databaseUrl)) return (await import("./postgres-database.ts")).openPostgres(databaseUrl, 1);
  const file = fileOf(databaseUrl);
  if (file !== undefined) {
    const { openSqlite, PAGES_LEFT } = await import("./sqlite-database.ts");
    return openSqlite(file, PAGES_LEFT.apart);
  }
  throw unknownScheme();
}

function isPostgres(databaseUrl: string): boolean {
  return /^postgres(ql)?:\/\//.test(databaseUrl);
}

function fileOf(databaseUrl: string): string | undefined {
  return /^sqlite:(.+)$/s.exec(databaseUrl)?.[1];
}

function unknownScheme(): Error {
  return new Error("DATABASE_URL must be sqlite:<path> or postgres://<user>@<host>/<database>");
}
