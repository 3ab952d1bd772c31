import type { Database } from "../database/database.ts";
import type { RunEvent } from "../store.ts";

/** Adds events to a run's record; their numbers start at 1 and have no gaps. */
export async function append(db: Database, runId: string, events: Omit<RunEvent, "seq">[]): Promise<void> {
  if (events.length === 0) return;
  await db.locked(`events ${runId}`, async (queries) => {
    const [last] = await queries.query<{ seq: number | null }>("SELECT max(seq) AS seq FROM events WHERE run_id = $1", [
      runId,
    ]);
    let seq = last?.seq ?? 0;
    for (const event of events) {
      seq += 1;
      await queries.query("INSERT INTO events (run_id, seq, at, type, data) VALUES ($1, $2, $3, $4, $5)", [
        runId,
        seq,
        event.at,
        event.type,
        JSON.stringify(event.data ?? null),
      ]);
    }
  });
}

/** At most `limit` events with a number above `afterSeq`, in order. */
export async function events(db: Database, runId: string, afterSeq: number, limit: number): Promise<RunEvent[]> {
  const rows = await db.query<{ seq: number; at: number; type: string; data: string }>(
    "SELECT seq, at, type, data FROM events WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    [runId, afterSeq, limit],
  );
  return rows.map((row) => ({ seq: row.seq, at: row.at, type: row.type, data: JSON.parse(row.data) as unknown }));
}
