import type { Observation, ObservationKind } from "../../domain/watching/observation.ts";
import type { Database, Queries } from "../database/database.ts";
import type { EventPlace, ObservationEvent, Standing } from "./observing.ts";

interface Row {
  id: string;
  stack: string;
  service: string;
  kind: ObservationKind;
  data: string;
  seen_at: number;
  confirmed_at: number | null;
  ended_at: number | null;
}

type Data = Pick<Observation, "parts" | "containers" | "run" | "lastAt">;

const COLUMNS = "id, stack, service, kind, data, seen_at, confirmed_at, ended_at";
const OPEN = "ended_at IS NULL";

function toObservation(row: Row): Observation {
  return {
    ...(JSON.parse(row.data) as Data),
    id: row.id,
    stack: row.stack,
    service: row.service,
    kind: row.kind,
    seenAt: row.seen_at,
    confirmedAt: row.confirmed_at,
    endedAt: row.ended_at,
  };
}

/** What is open of a stack, oldest first. */
export async function standing(db: Database, stack: string): Promise<Standing> {
  const [open, [latest]] = await Promise.all([
    openObservations(db, stack),
    db.query<{ at: number | null; id: string | null }>(
      `SELECT max(id) AS id, max(CASE WHEN coalesce(ended_at, 0) > coalesce(confirmed_at, 0) THEN ended_at
         ELSE coalesce(confirmed_at, seen_at) END) AS at FROM observations WHERE stack = $1`,
      [stack],
    ),
  ]);
  return { open, latestAt: latest?.at ?? 0, latestId: latest?.id ?? undefined };
}

/** What is open, of one stack or of all, oldest first. */
export async function openObservations(db: Database, stack?: string): Promise<Observation[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM observations WHERE ${OPEN}${stack === undefined ? "" : " AND stack = $1"} ORDER BY id`,
    stack === undefined ? [] : [stack],
  );
  return rows.map(toObservation);
}

/** What is over of a stack and was told, newest first; `before`: only what is older than the one of this id. */
export async function endedObservations(
  db: Database,
  { stack, limit, before }: { stack: string; limit: number; before?: string },
): Promise<Observation[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM observations WHERE stack = $1 AND ended_at IS NOT NULL${before === undefined ? "" : " AND id < $3"}
     ORDER BY id DESC LIMIT $2`,
    before === undefined ? [stack, limit] : [stack, limit, before],
  );
  return rows.map(toObservation);
}

/** What was seen or confirmed at a time or later, oldest first. One that nobody confirmed yet is among them. */
export async function observationsSince(db: Database, stack: string, since: number): Promise<Observation[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM observations WHERE stack = $1 AND (seen_at >= $2 OR confirmed_at >= $2) ORDER BY id`,
    [stack, since],
  );
  return rows.map(toObservation);
}

/** What happened to observations of a stack after a place, in order. */
export async function observationEvents(
  db: Database,
  stack: string,
  after: EventPlace | undefined,
  limit: number,
): Promise<ObservationEvent[]> {
  const all = `SELECT confirmed_at AS at, 'confirmed' AS happened, ${COLUMNS} FROM observations
      WHERE stack = $1 AND confirmed_at IS NOT NULL
    UNION ALL SELECT ended_at AS at, 'over' AS happened, ${COLUMNS} FROM observations
      WHERE stack = $1 AND confirmed_at IS NOT NULL AND ended_at IS NOT NULL`;
  const rows = await db.query<Row & { at: number; happened: ObservationEvent["is"] }>(
    `SELECT * FROM (${all}) AS happenings${after ? " WHERE (at, id, happened) > ($3, $4, $5)" : ""}
     ORDER BY at, id, happened LIMIT $2`,
    after ? [stack, limit, after.at, after.id, after.is] : [stack, limit],
  );
  return rows.map((row) => ({ at: row.at, is: row.happened, observation: toObservation(row) }));
}

/** Writes observations as they are now; those that were there already change. */
export async function writeObservations(queries: Queries, observations: readonly Observation[]): Promise<void> {
  for (const { id, stack, service, kind, seenAt, confirmedAt, endedAt, ...data } of observations) {
    await queries.query(
      `INSERT INTO observations (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (id) DO UPDATE SET data = excluded.data, confirmed_at = excluded.confirmed_at, ended_at = excluded.ended_at`,
      [id, stack, service, kind, JSON.stringify(data satisfies Data), seenAt, confirmedAt, endedAt],
    );
  }
}

/** Forgets observations that nobody confirmed. */
export async function dropObservations(queries: Queries, ids: readonly string[]): Promise<void> {
  for (const id of ids) await queries.query("DELETE FROM observations WHERE id = $1 AND confirmed_at IS NULL", [id]);
}

/** Drops what has been over since before a time, and the watches of stacks that have been without anything to look at as long. */
export async function pruneObservations(queries: Queries, before: number): Promise<void> {
  await queries.query("DELETE FROM observations WHERE ended_at < $1", [before]);
  await queries.query(
    `DELETE FROM watches WHERE coalesce(looked_at, 0) < $1 AND due_at < $1
       AND NOT EXISTS (SELECT 1 FROM left_behind WHERE left_behind.stack = watches.stack)`,
    [before],
  );
}
