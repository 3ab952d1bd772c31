import { openSqlStore } from "./sql-store.ts";
import { openSqlite } from "./sqlite-database.ts";
import type { Store } from "./store.ts";

/** The store in one file; what holds for it holds for `openSqlite`. */
export async function openSqliteStore(file: string): Promise<Store> {
  const db = await openSqlite(file);
  try {
    return await openSqlStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}
