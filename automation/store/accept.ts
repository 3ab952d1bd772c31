import { randomBytes } from "node:crypto";
import type { Run, RunKind, RunRequest } from "../domain/run.ts";
import type { Database, Queries } from "./database.ts";
import { ACTIVE, insertRun, type RunRow, toRun } from "./rows.ts";
import { nextRunId, runIdTime } from "./run-id.ts";
import { type AcceptCondition, StoreConflict } from "./store.ts";

/** Writes a queued run, or joins the one that will do exactly what is asked. */
export function accept(
  db: Database,
  request: RunRequest,
  now: number,
  condition: AcceptCondition,
): Promise<{ run: Run; duplicate: boolean }> {
  return db.locked(request.stack, async (queries) => {
    if (condition.newest !== undefined) {
      const newest = await newestAccepted(queries, request.stack);
      if ((newest?.id ?? null) !== condition.newest) {
        throw new StoreConflict(`a newer request for ${request.stack} was accepted meanwhile: decide again`);
      }
    }
    const active = await joinable(queries, request);
    if (active) return { run: active, duplicate: true };
    return { run: await insert(queries, request, "queued", now), duplicate: false };
  });
}

/** Writes a run that was superseded on arrival. */
export function record(db: Database, request: RunRequest, now: number): Promise<Run> {
  return db.locked(request.stack, (queries) => insert(queries, request, "superseded", now));
}

/** The newest deploy or sync of the stack that counts: it was accepted, and not canceled before it started. */
export async function newestAccepted(queries: Queries, stack: string): Promise<Run | undefined> {
  const [row] = await queries.query<RunRow>(
    `SELECT * FROM runs WHERE stack = $1 AND kind IN ('deploy', 'sync') AND state <> 'superseded'
       AND NOT (state = 'canceled' AND started_at IS NULL)
     ORDER BY id DESC LIMIT 1`,
    [stack],
  );
  return row && toRun(row);
}

/**
 * A deploy or sync is joined only while nothing newer waits behind it: the older run would be superseded, and what was
 * asked for last would not happen. A run that is being canceled is never joined.
 */
async function joinable(queries: Queries, request: RunRequest): Promise<Run | undefined> {
  const rivals = changesStack(request.kind)
    ? "kind IN ('deploy', 'sync') ORDER BY id DESC LIMIT 1"
    : "kind IN ('preview', 'drift') ORDER BY id DESC";
  const rows = await queries.query<RunRow & { cancel_requested_at: number | null }>(
    `SELECT * FROM runs WHERE stack = $1 AND ${ACTIVE} AND ${rivals}`,
    [request.stack],
  );
  const same = rows.find(
    (row) =>
      row.kind === request.kind &&
      row.commit_sha === request.commit &&
      (row.rollback === 1) === request.rollback &&
      row.cancel_requested_at === null,
  );
  return same && toRun(same);
}

function changesStack(kind: RunKind): boolean {
  return kind === "deploy" || kind === "sync";
}

async function insert(
  queries: Queries,
  request: RunRequest,
  state: "queued" | "superseded",
  now: number,
): Promise<Run> {
  const [newest] = await queries.query<{ id: string | null }>("SELECT max(id) AS id FROM runs WHERE stack = $1", [
    request.stack,
  ]);
  const id = nextRunId(now, newest?.id ?? undefined, randomBytes(8));
  const run: Run = {
    kind: request.kind,
    stack: request.stack,
    tag: request.tag,
    commit: request.commit,
    services: request.services,
    rollback: request.rollback,
    triggeredBy: request.triggeredBy,
    reason: request.reason,
    requestId: request.requestId,
    id,
    state,
    createdAt: runIdTime(id),
    startedAt: null,
    finishedAt: state === "superseded" ? now : null,
    attempts: 0,
    session: null,
    outcomes: [],
    cause: null,
    supersededBy: null,
  };
  await insertRun(queries, run);
  return run;
}
