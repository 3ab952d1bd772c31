import type { Store } from "./store.ts";

/**
 * Opens the store that `DATABASE_URL` names: `sqlite:<path>` (one machine) or `postgres://…` (several runners).
 * Throws for any other scheme; the message never repeats the address, which may hold a password.
 */
export async function openStore(databaseUrl: string): Promise<Store> {
  // Only the one that is used is loaded.
  if (/^postgres(ql)?:\/\//.test(databaseUrl)) return (await import("./postgres.ts")).openPostgresStore(databaseUrl);
  const file = /^sqlite:(.+)$/s.exec(databaseUrl)?.[1];
  if (file !== undefined) return (await import("./sqlite.ts")).openSqliteStore(file);
  throw new Error("DATABASE_URL must be sqlite:<path> or postgres://<user>@<host>/<database>");
}
