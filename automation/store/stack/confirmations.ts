import { type Confirmation, decideAfterUpdate, isSettled } from "../../domain/confirming/confirmation.ts";
import type { Run } from "../../domain/run.ts";
import type { Database, Queries } from "../database/database.ts";
import { enqueue } from "../outbox.ts";
import { insert, newestAccepted, newestRun } from "../run/accept.ts";
import { type Settled, StoreConflict, type TakeBack } from "../store.ts";
import { insertHold, openHolds } from "./holds.ts";

interface ConfirmationRow {
  run_id: string;
  stack: string;
  tag: string | null;
  commit_sha: string;
  state: Confirmation["state"];
  begun_at: number;
  until_at: number | null;
  ended_at: number | null;
  data: string;
}

function toConfirmation(row: ConfirmationRow): Confirmation {
  return {
    run: row.run_id,
    stack: row.stack,
    tag: row.tag,
    commit: row.commit_sha,
    state: row.state,
    begunAt: row.begun_at,
    until: row.until_at,
    endedAt: row.ended_at,
    data: JSON.parse(row.data) as Confirmation["data"],
  };
}

/** Updates of which is not settled yet whether their release is confirmed, oldest first. */
export async function openConfirmations(queries: Queries): Promise<Confirmation[]> {
  const rows = await queries.query<ConfirmationRow>(
    "SELECT * FROM confirmations WHERE ended_at IS NULL ORDER BY begun_at, run_id",
  );
  return rows.map(toConfirmation);
}

/** That of the newest update of the stack that was to be confirmed. Runs of a stack have an order that no clock turns around. */
export async function newestConfirmation(queries: Queries, stack: string): Promise<Confirmation | undefined> {
  const [row] = await queries.query<ConfirmationRow>(
    "SELECT * FROM confirmations WHERE stack = $1 ORDER BY run_id DESC LIMIT 1",
    [stack],
  );
  return row && toConfirmation(row);
}

/** The release that was confirmed last, by another run than this one. */
export async function lastConfirmed(queries: Queries, stack: string, except = ""): Promise<Confirmation | undefined> {
  const [row] = await queries.query<ConfirmationRow>(
    `SELECT * FROM confirmations WHERE stack = $1 AND state = 'confirmed' AND run_id <> $2
     ORDER BY run_id DESC LIMIT 1`,
    [stack, except],
  );
  return row && toConfirmation(row);
}

/** Begins, ends or leaves what is watched on a stack, with the end of an update: so none is forgotten, whoever dies then. */
export async function noteEnd(queries: Queries, run: Run, now: number): Promise<void> {
  const after = decideAfterUpdate(run, await newestConfirmation(queries, run.stack));
  if (after === "keep") return;
  await queries.query(
    "UPDATE confirmations SET state = 'superseded', ended_at = $2 WHERE stack = $1 AND ended_at IS NULL",
    [run.stack, now],
  );
  if (after === "supersede") return;
  const data: Confirmation["data"] = { failed: run.state === "failed" };
  await queries.query(
    `INSERT INTO confirmations (run_id, stack, tag, commit_sha, state, begun_at, data)
     VALUES ($1, $2, $3, $4, 'begun', $5, $6) ON CONFLICT (run_id) DO NOTHING`,
    [run.id, run.stack, run.tag, run.commit, run.finishedAt ?? now, JSON.stringify(data)],
  );
}

/** Moves one on, with what people are told of it. False when it is not in that state any more. */
export async function settle(db: Database, settled: Settled, now: number): Promise<boolean> {
  const found = await readConfirmation(db, settled.run);
  if (!found) return false;
  return db.locked(found.stack, async (queries) => (await move(queries, settled, now)) !== undefined);
}

async function move(queries: Queries, settled: Settled, now: number): Promise<Confirmation | undefined> {
  const { run, from, to, until, data, notices = [] } = settled;
  const before = await readConfirmation(queries, run);
  if (before?.state !== from || before.endedAt !== null) return undefined;
  const after: Confirmation = {
    ...before,
    state: to,
    until: until ?? before.until,
    endedAt: isSettled(to) ? now : null,
    data: { ...before.data, ...data },
  };
  await queries.query(
    "UPDATE confirmations SET state = $2, until_at = $3, ended_at = $4, data = $5 WHERE run_id = $1",
    [run, after.state, after.until, after.endedAt, JSON.stringify(after.data)],
  );
  await enqueue(queries, run, notices, now);
  return after;
}

/**
 * Takes a release back in one step: nobody ever finds the stack held without the run that brings the release before back, nor the run
 * twice.
 */
export function takeBack(
  db: Database,
  taken: TakeBack,
  now: number,
): Promise<{ hold: Awaited<ReturnType<typeof insertHold>>; run: Run }> {
  const { stack } = taken.request;
  return db.locked(stack, async (queries) => {
    const before = await readConfirmation(queries, taken.run);
    if (!before || before.state !== taken.from || before.endedAt !== null) {
      throw new StoreConflict(`the release of run ${taken.run} is settled already`);
    }
    const newest = await newestAccepted(queries, stack);
    if ((newest?.id ?? null) !== taken.newest)
      throw new StoreConflict(`${stack} was asked for something newer meanwhile`);
    if ((await openHolds(queries, now, stack)).length > 0) throw new StoreConflict(`${stack} is held`);
    const takenBack = { run: before.run, tag: before.tag, commit: before.commit };
    const hold = await insertHold(queries, { ...taken.hold, takenBack }, now, taken.tell);
    const run = await insert(queries, taken.request, "queued", now, await newestRun(queries, stack));
    await move(queries, { ...taken, data: { ...taken.data, back: { run: run.id, hold: hold.id } } }, now);
    return { hold, run };
  });
}

async function readConfirmation(queries: Queries, run: string): Promise<Confirmation | undefined> {
  const [row] = await queries.query<ConfirmationRow>("SELECT * FROM confirmations WHERE run_id = $1", [run]);
  return row && toConfirmation(row);
}

/** Drops what is settled since before a time. Of each stack the newest one stays, and the release that it would go back to. */
export async function pruneConfirmations(queries: Queries, before: number): Promise<void> {
  await queries.query(
    `DELETE FROM confirmations WHERE ended_at < $1 AND EXISTS (
       SELECT 1 FROM confirmations AS newer WHERE newer.stack = confirmations.stack
         AND newer.run_id > confirmations.run_id AND (newer.state = 'confirmed' OR confirmations.state <> 'confirmed'))`,
    [before],
  );
}
