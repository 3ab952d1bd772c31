import type { Database, Queries } from "./database/database.ts";
import type { Notice } from "./notice.ts";
import type { OutboxEntry, Settlement } from "./store.ts";

interface OutboxRow {
  /** Or the id of an observation: the column is older than these. */
  run_id: string;
  key: string;
  target: string;
  payload: string;
  created_at: number;
  attempts: number;
}

/** Writes notices inside the transaction of what they tell of, a run or an observation; one that it has already is left alone. */
export async function enqueue(queries: Queries, about: string, notices: readonly Notice[], now: number): Promise<void> {
  for (const { key, target, payload } of notices) {
    await queries.query(
      `INSERT INTO outbox (run_id, key, target, payload, created_at, due_at, attempts) VALUES ($1, $2, $3, $4, $5, $5, 0)
       ON CONFLICT (run_id, key) DO NOTHING`,
      [about, key, target, JSON.stringify(payload ?? null), now],
    );
  }
}

/** Takes due notices, oldest first, and hides them from others for `holdMs`. */
export function takeOutbox(db: Database, limit: number, holdMs: number, now: number): Promise<OutboxEntry[]> {
  return db.locked("outbox", async (queries) => {
    const rows = await queries.query<OutboxRow>(
      `SELECT run_id, key, target, payload, created_at, attempts FROM outbox
       WHERE settled_at IS NULL AND due_at <= $1 ORDER BY created_at, run_id, key LIMIT $2`,
      [now, limit],
    );
    for (const row of rows) {
      await queries.query("UPDATE outbox SET due_at = $3, attempts = attempts + 1 WHERE run_id = $1 AND key = $2", [
        row.run_id,
        row.key,
        now + holdMs,
      ]);
    }
    return rows.map(toEntry);
  });
}

/** Says how sending went. False when the entry was taken again meanwhile, or is settled: nothing is written. */
export async function settleOutbox(
  db: Database,
  entry: OutboxEntry,
  settlement: Settlement,
  now: number,
): Promise<boolean> {
  const rows = await db.query(
    `UPDATE outbox SET settled_at = $4, due_at = $5, error = $6
     WHERE run_id = $1 AND key = $2 AND attempts = $3 AND settled_at IS NULL RETURNING key`,
    [
      entry.run,
      entry.key,
      entry.attempts,
      settlement.as === "retry" ? null : now,
      settlement.as === "retry" ? settlement.at : now,
      settlement.as === "sent" ? null : settlement.error,
    ],
  );
  return rows.length > 0;
}

function toEntry(row: OutboxRow): OutboxEntry {
  return {
    run: row.run_id,
    key: row.key,
    target: row.target,
    payload: JSON.parse(row.payload) as unknown,
    createdAt: row.created_at,
    attempts: row.attempts + 1,
  };
}
