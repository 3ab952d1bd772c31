import { isFinal, nextState, type Run, type RunEventType } from "../../domain/run.ts";
import { RUN_KINDS } from "../../domain/run-kinds.ts";
import type { Database, Queries } from "../database/database.ts";
import { enqueue } from "../outbox.ts";
import { noteEnd } from "../stack/confirmations.ts";
import { dropLeft, type KeptLeft, keepLeft } from "../stack/left-behind.ts";
import { type Lease, type Notice, type RunPatch, StoreConflict } from "../store.ts";
import { checkFence } from "./lease.ts";
import { readRun, updateRun } from "./rows.ts";

/** Moves a run by one event of the table. */
export async function transition(
  db: Database,
  id: string,
  event: RunEventType,
  patch: RunPatch,
  now: number,
  lease: Lease | undefined,
  { notices, left }: { notices: readonly Notice[]; left?: KeptLeft | undefined },
): Promise<Run> {
  return inStackOf(db, id, async (queries, run) => {
    if (lease) await checkFence(queries, run.stack, lease);
    const state = nextState(run.state, event);
    if (!state) throw new StoreConflict(`run ${id} is ${run.state}: "${event}" cannot happen`);
    const moved: Run = {
      ...run,
      startedAt: state === "running" ? (run.startedAt ?? now) : run.startedAt,
      finishedAt: isFinal(state) ? now : null,
      ...patch,
      state,
    };
    await updateRun(queries, moved);
    if (isFinal(state)) await noteEnd(queries, moved, now);
    await enqueue(queries, id, notices, now);
    if (left) await keepLeft(queries, left);
    return moved;
  });
}

/** Writes what is known of a running run. */
export async function update(
  db: Database,
  id: string,
  patch: RunPatch & { attempts?: number },
  lease: Lease,
): Promise<void> {
  await inStackOf(db, id, async (queries, run) => {
    await checkFence(queries, run.stack, lease);
    if (run.state !== "running") throw new StoreConflict(`run ${id} is ${run.state}, not running`);
    await updateRun(queries, { ...run, ...patch });
    // An engine is about to begin: from now on nobody knows what is left until it ended well.
    if (patch.attempts !== undefined && RUN_KINDS[run.kind].changesStack) await dropLeft(queries, run.stack);
  });
}

/** Marks a run that is under way, so that the worker that holds it, in whatever process, cancels it. */
export async function requestCancel(db: Database, id: string, now: number): Promise<boolean> {
  const rows = await db.query(
    `UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, $2)
     WHERE id = $1 AND state IN ('queued', 'waiting', 'running') RETURNING id`,
    [id, now],
  );
  return rows.length > 0;
}

/** Whether somebody asked to cancel the run. */
export async function cancelRequested(db: Database, id: string): Promise<boolean> {
  const rows = await db.query("SELECT id FROM runs WHERE id = $1 AND cancel_requested_at IS NOT NULL", [id]);
  return rows.length > 0;
}

/** A run never changes its stack, so the first read tells which section to enter; the second is the one that counts. */
async function inStackOf<Result>(
  db: Database,
  id: string,
  work: (queries: Queries, run: Run) => Promise<Result>,
): Promise<Result> {
  const found = await readRun(db, id);
  if (!found) throw new StoreConflict(`there is no run ${id}`);
  return db.locked(found.stack, async (queries) => {
    const run = await readRun(queries, id);
    if (!run) throw new StoreConflict(`there is no run ${id}`);
    return work(queries, run);
  });
}
