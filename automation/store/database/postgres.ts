import pg from "pg";
import type { Database, Queries, SqlValue } from "./database.ts";

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5000;
/** No statement of ours is slow; one that is waits for a section that a hanging process holds. */
const STATEMENT_TIMEOUT_MS = 10_000;
const INT8 = 20;

/**
 * Connections to a PostgreSQL database, for several runners. `url` is a connection string (`postgres://user@host:5432/name`); the
 * database must exist. Needs `synchronous_commit` on, the server's default, for accepted requests to be on disk. Leases compare the
 * runners' clocks: keep them in step (NTP) to well below the lease.
 */
export function openPostgres(url: string, connections = CONNECTIONS): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: "dockmaster",
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    // Times and counters are BIGINT, which pg gives as text by default; ours stay far below 2^53.
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) },
  });
  // A connection that breaks rejects its query and is replaced; without listeners it would end the process as well.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));

  return {
    query: (text, values) => toQueries(pool).query(text, values),
    locked: async (name, work) => {
      const client = await pool.connect();
      try {
        // One round trip for both: others wait while a section is held.
        const key = client.escapeLiteral(`dockmaster ${name}`);
        await client.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
        const result = await work(toQueries(client));
        await client.query("COMMIT");
        client.release();
        return result;
      } catch (error) {
        await rollback(client);
        throw error;
      }
    },
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
}

/** Gives the connection back clean, or closes it when that fails: the server rolls back then. */
async function rollback(client: pg.PoolClient): Promise<void> {
  try {
    await client.query("ROLLBACK");
    client.release();
  } catch {
    client.release(true);
  }
}

function toQueries(connection: pg.Pool | pg.PoolClient): Queries {
  return {
    query: async <Row>(text: string, values: readonly SqlValue[] = []) => {
      const result = await connection.query<Row & pg.QueryResultRow>(text, [...values]);
      return result.rows;
    },
  };
}
