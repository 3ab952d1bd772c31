import type { Run } from "../../domain/run.ts";
import type { Database, SqlValue } from "../database/database.ts";
import { pruneConfirmations } from "../stack/confirmations.ts";
import { pruneObservations } from "../stack/observations.ts";
import type { RunFilter, StackRelease } from "../store.ts";
import { IS_UPDATE, type RunRow, toRun } from "./rows.ts";

const DEFAULT_LIMIT = 100;

const SUCCEEDED = `stack = $1 AND ${IS_UPDATE} AND state = 'succeeded'`;

/** Runs, newest first; 100 unless `limit` says otherwise. */
export async function runs(db: Database, filter: RunFilter): Promise<Run[]> {
  const values: SqlValue[] = [];
  const place = (value: SqlValue) => `$${values.push(value)}`;
  const conditions = ["1 = 1"];
  if (filter.stack !== undefined) conditions.push(`stack = ${place(filter.stack)}`);
  if (filter.commit !== undefined) conditions.push(`commit_sha = ${place(filter.commit)}`);
  if (filter.states) conditions.push(oneOf("state", filter.states.map(place)));
  if (filter.kinds) conditions.push(oneOf("kind", filter.kinds.map(place)));
  if (filter.before) {
    conditions.push(`(created_at, id) < (${place(filter.before.createdAt)}, ${place(filter.before.id)})`);
  }
  const rows = await db.query<RunRow>(
    `SELECT * FROM runs WHERE ${conditions.join(" AND ")} ORDER BY created_at DESC, id DESC
     LIMIT ${place(filter.limit ?? DEFAULT_LIMIT)}`,
    values,
  );
  return rows.map(toRun);
}

/** The release of the last deploy or sync that succeeded; `since` is when the stack came to that commit. */
export async function stackRelease(db: Database, stack: string): Promise<StackRelease | undefined> {
  const [last] = await db.query<{ id: string; tag: string | null; commit_sha: string; since: number | null }>(
    // Each step walks the index from its newest end and stops early: this is asked at every deploy.
    `WITH last AS (SELECT id, tag, commit_sha FROM runs WHERE ${SUCCEEDED} ORDER BY finished_at DESC, id DESC LIMIT 1)
     SELECT id, tag, commit_sha,
       (SELECT min(finished_at) FROM runs WHERE ${SUCCEEDED} AND finished_at > coalesce(
         (SELECT finished_at FROM runs WHERE ${SUCCEEDED} AND commit_sha <> last.commit_sha
          ORDER BY finished_at DESC, id DESC LIMIT 1), -1)) AS since
     FROM last`,
    [stack],
  );
  if (!last) return undefined;
  return { stack, tag: last.tag, commit: last.commit_sha, run: last.id, since: last.since ?? 0 };
}

/** Whether a deploy or sync of this commit ever succeeded on the stack. */
export async function hasSucceeded(db: Database, stack: string, commit: string): Promise<boolean> {
  const rows = await db.query(`SELECT id FROM runs WHERE ${SUCCEEDED} AND commit_sha = $2 LIMIT 1`, [stack, commit]);
  return rows.length > 0;
}

/**
 * Drops what is older than given. The newest success of each commit on each stack stays: it answers `stackRelease` and
 * `hasSucceeded`, on which promotion and rollback depend.
 */
export async function prune(db: Database, before: { events: number; runs: number }, now: number): Promise<void> {
  await db.locked("prune", async (queries) => {
    await queries.query(
      `DELETE FROM runs WHERE finished_at < $1 AND NOT (
         state = 'succeeded' AND ${IS_UPDATE} AND NOT EXISTS (
           SELECT 1 FROM runs AS newer WHERE newer.stack = runs.stack AND newer.commit_sha = runs.commit_sha
             AND newer.state = 'succeeded' AND newer.${IS_UPDATE}
             AND (newer.finished_at, newer.id) > (runs.finished_at, runs.id)))`,
      [before.runs],
    );
    await queries.query(
      "DELETE FROM events WHERE at < $1 OR NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = events.run_id)",
      [before.events],
    );
    await pruneObservations(queries, before.runs);
    await pruneConfirmations(queries, before.runs);
    await queries.query("DELETE FROM holds WHERE ended_at < $1", [before.runs]);
    await queries.query(
      `DELETE FROM outbox WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = outbox.run_id)
         AND NOT EXISTS (SELECT 1 FROM observations WHERE observations.id = outbox.run_id)
         AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.id = outbox.run_id)`,
    );
    await queries.query("DELETE FROM remembered WHERE expires_at <= $1", [now]);
  });
}

function oneOf(column: string, places: string[]): string {
  return places.length === 0 ? "1 = 0" : `${column} IN (${places.join(", ")})`;
}
