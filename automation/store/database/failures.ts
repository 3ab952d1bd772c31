import { StoreUnavailable } from "../store.ts";
import type { Database, Queries } from "./database.ts";

/** The same database, whose own failures are StoreUnavailable; what the work in a section throws stays what it is. */
export function nameFailures(db: Database): Database {
  return {
    query: toQueries(db).query,
    locked: async (name, work) => {
      let thrown: unknown;
      try {
        return await db.locked(name, async (queries) => {
          try {
            return await work(toQueries(queries));
          } catch (error) {
            thrown = error;
            throw error;
          }
        });
      } catch (error) {
        throw error === thrown ? error : toUnavailable(error);
      }
    },
    close: () => db.close(),
  };
}

function toQueries(queries: Queries): Queries {
  return {
    query: (text, values) =>
      queries.query<never>(text, values).catch((error: unknown) => {
        throw toUnavailable(error);
      }),
  };
}

function toUnavailable(cause: unknown): StoreUnavailable {
  return new StoreUnavailable(cause instanceof Error ? cause.message : String(cause), { cause });
}
