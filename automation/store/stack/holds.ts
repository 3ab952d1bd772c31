import { randomUUID } from "node:crypto";
import { behindGate, findGate, isSameGate } from "../../domain/gates/gate.ts";
import { HOLD_ENDS, type Hold, isOpen } from "../../domain/gates/hold.ts";
import type { Run } from "../../domain/run.ts";
import type { Database, Queries } from "../database/database.ts";
import { enqueue } from "../outbox.ts";
import { ACTIVE, IS_UPDATE, type RunRow, toRun, updateRun } from "../run/rows.ts";
import type { HoldRequest, TellHold } from "../store.ts";

interface HoldRow {
  id: string;
  stack: string;
  held_by: string;
  reason: string;
  taken_back: string | null;
  tag: string | null;
  commit_sha: string | null;
  made_at: number;
  until_at: number | null;
  ended_at: number | null;
  ended_by: string | null;
}

function toHold(row: HoldRow): Hold {
  const { taken_back: run, tag, commit_sha: commit } = row;
  return {
    id: row.id,
    stack: row.stack,
    by: row.held_by,
    reason: row.reason,
    madeAt: row.made_at,
    until: row.until_at,
    takenBack: run === null || commit === null ? null : { run, tag, commit },
    endedAt: row.ended_at,
    endedBy: row.ended_by,
  };
}

/** Holds that were not ended, oldest first: of one stack, or of all. */
export async function openHolds(queries: Queries, now: number, stack?: string): Promise<Hold[]> {
  const ofStack = stack === undefined ? "" : " AND stack = $1";
  const rows = await queries.query<HoldRow>(
    `SELECT * FROM holds WHERE ended_at IS NULL${ofStack} ORDER BY made_at, id`,
    stack === undefined ? [] : [stack],
  );
  return rows.map(toHold).filter((hold) => isOpen(hold, now));
}

/** The hold of that id. */
export async function readHold(queries: Queries, id: string): Promise<Hold | undefined> {
  const [row] = await queries.query<HoldRow>("SELECT * FROM holds WHERE id = $1", [id]);
  return row && toHold(row);
}

/** Holds a stack, and what waits on it with it. Whoever asks twice for the same gets the same hold. */
export function hold(
  db: Database,
  asked: HoldRequest,
  now: number,
  tell: TellHold,
): Promise<{ hold: Hold; duplicate: boolean }> {
  return db.locked(asked.stack, async (queries) => {
    const same = (await openHolds(queries, now, asked.stack)).find(
      ({ by, reason, until, takenBack }) =>
        takenBack === null && by === asked.by && reason === asked.reason && until === asked.until,
    );
    if (same) return { hold: same, duplicate: true };
    return { hold: await insertHold(queries, { ...asked, takenBack: null }, now, tell), duplicate: false };
  });
}

/** Writes a hold and holds back what waits on the stack. The caller is in the stack's section. */
export async function insertHold(
  queries: Queries,
  asked: HoldRequest & Pick<Hold, "takenBack">,
  now: number,
  tell: TellHold,
): Promise<Hold> {
  const made: Hold = { ...asked, id: randomUUID(), madeAt: now, endedAt: null, endedBy: null };
  const { run = null, tag = null, commit = null } = made.takenBack ?? {};
  await queries.query(
    `INSERT INTO holds (id, stack, held_by, reason, taken_back, tag, commit_sha, made_at, until_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [made.id, made.stack, made.by, made.reason, run, tag, commit, now, made.until],
  );
  await regate(queries, made.stack, now);
  await enqueue(queries, made.id, tell(made), now);
  return made;
}

/** Lifts a hold and lets go what it held back. Undefined when it is unknown or has ended already. */
export async function endHold(
  db: Database,
  id: string,
  by: string,
  now: number,
  tell: TellHold,
): Promise<Hold | undefined> {
  const found = await readHold(db, id);
  if (!found) return undefined;
  return db.locked(found.stack, (queries) => endOne(queries, id, by, now, tell));
}

/** Ends a hold. The caller is in its stack's section. */
export async function endOne(
  queries: Queries,
  id: string,
  by: string,
  now: number,
  tell: TellHold,
): Promise<Hold | undefined> {
  const [row] = await queries.query<HoldRow>(
    "UPDATE holds SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL RETURNING *",
    [id, now, by],
  );
  if (!row) return undefined;
  const ended = toHold(row);
  await regate(queries, ended.stack, now);
  await enqueue(queries, ended.id, tell(ended), now);
  return ended;
}

/** Writes down that the time of holds is over; they count no more since then. */
export async function endHoldsInTime(db: Database, now: number, tell: TellHold): Promise<Hold[]> {
  const over = await db.query<HoldRow>(
    "SELECT * FROM holds WHERE ended_at IS NULL AND until_at <= $1 ORDER BY made_at, id",
    [now],
  );
  const ended: Hold[] = [];
  for (const { id, stack } of over) {
    const one = await db.locked(stack, (queries) => endOne(queries, id, HOLD_ENDS.time, now, tell));
    if (one) ended.push(one);
  }
  return ended;
}

/**
 * The deploys and syncs of a stack that wait for their turn, newest first, each behind what holds it back now. What is written of them
 * follows: whoever claims reads it here, so that no hold is ever passed. The caller is in the stack's section.
 */
export async function regate(queries: Queries, stack: string, now: number): Promise<Run[]> {
  const rows = await queries.query<RunRow>(
    `SELECT * FROM runs WHERE stack = $1 AND ${ACTIVE} AND state <> 'running' AND ${IS_UPDATE} ORDER BY id DESC`,
    [stack],
  );
  if (rows.length === 0) return [];
  const holds = await openHolds(queries, now, stack);
  const runs: Run[] = [];
  for (const before of rows.map(toRun)) {
    const gate = findGate(before, { holds, now });
    const run = behindGate(before, gate);
    if (!isSameGate(before.gate, run.gate) || before.state !== run.state) await updateRun(queries, run);
    runs.push(run);
  }
  return runs;
}

/** Whether a run may be taken now: it is not held back, and what it waits for is due to be tried again. */
export function isDue({ state, gate, outage }: Run, now: number): boolean {
  if (gate) return false;
  return state === "queued" || (state === "waiting" && (outage?.next ?? Number.POSITIVE_INFINITY) <= now);
}
