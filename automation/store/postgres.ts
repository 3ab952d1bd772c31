import { openPostgres } from "./postgres-database.ts";
import { openSqlStore } from "./sql-store.ts";
import type { Store } from "./store.ts";

/** The store in PostgreSQL, its tables made; what holds for it holds for `openPostgres`. */
export async function openPostgresStore(url: string): Promise<Store> {
  const db = openPostgres(url);
  try {
    return await openSqlStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}
