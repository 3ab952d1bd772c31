import { refuseLook } from "../../domain/look.ts";
import type { Outage, Run } from "../../domain/run.ts";
import { RUN_KINDS } from "../../domain/run-kinds.ts";
import type { Database, Queries, SqlValue } from "../database/database.ts";
import { isDue, regate } from "../stack/holds.ts";
import type { Claim, LookOnly } from "../store.ts";
import { isLeased, takeLease } from "./lease.ts";
import { ACTIVE, IS_UPDATE, type RunRow, toRun, updateRun } from "./rows.ts";

/** Who claims, for how long, when, and what. */
interface Claiming {
  owner: string;
  leaseMs: number;
  now: number;
  lookOnly?: LookOnly | undefined;
}

/** Leases one idle stack that has work; the stack whose work is oldest comes first. */
export async function claim(db: Database, claiming: Claiming): Promise<Claim | undefined> {
  const { now, lookOnly } = claiming;
  // Of all others only an engine knows, and looks are asked for often while engines are at work.
  const known = lookOnly ? "AND runs.stack IN (SELECT stack FROM left_behind)" : "";
  const idle = await db.query<{ stack: string }>(
    `SELECT runs.stack FROM runs LEFT JOIN leases ON leases.stack = runs.stack AND leases.expires_at > $1
     WHERE ${ACTIVE} AND (state <> 'waiting' OR due_at <= $1) AND leases.stack IS NULL ${known}
     GROUP BY runs.stack ORDER BY min(runs.id)`,
    [now],
  );
  for (const { stack } of idle) {
    const claimed = await db.locked(stack, (queries) => claimStack(queries, stack, claiming));
    if (claimed) return claimed;
  }
  return undefined;
}

async function claimStack(
  queries: Queries,
  stack: string,
  { owner, leaseMs, now, lookOnly }: Claiming,
): Promise<Claim | undefined> {
  if (await isLeased(queries, stack, now)) return undefined;
  const cutOff = await first(queries, "state = 'running' ORDER BY id", stack);
  if (cutOff && lookOnly) return undefined;
  const run = cutOff ?? (await startNext(queries, stack, now, lookOnly));
  return run && { run, lease: await takeLease(queries, stack, owner, leaseMs, now) };
}

async function startNext(
  queries: Queries,
  stack: string,
  now: number,
  lookOnly: LookOnly | undefined,
): Promise<Run | undefined> {
  const next =
    (await regate(queries, stack, now)).find((run) => isDue(run, now)) ??
    (await first(
      queries,
      `(state = 'queued' OR (state = 'waiting' AND due_at <= $2)) AND NOT (${IS_UPDATE}) ORDER BY id`,
      stack,
      now,
    ));
  if (!next) return undefined;
  if (lookOnly && (refuseLook(next) !== undefined || lookOnly.except.includes(next.id))) return undefined;
  const changes = RUN_KINDS[next.kind].changesStack;
  const outage = next.outage ?? (changes ? await inheritOutage(queries, next) : null);
  const run: Run = {
    ...next,
    state: "running",
    startedAt: next.startedAt ?? now,
    cause: null,
    ...(outage ? { outage } : {}),
  };
  await updateRun(queries, run);
  if (changes) await supersedeOlder(queries, run, now);
  return run;
}

/** Since when something is away, and whether people know, is not forgotten because a newer run takes over. */
async function inheritOutage(queries: Queries, { stack, id }: Run): Promise<Outage | null> {
  const condition = `state = 'waiting' AND ${IS_UPDATE} AND id < $2 ORDER BY id DESC`;
  const older = await first(queries, condition, stack, id);
  if (!older?.outage) return null;
  const { of, since, told } = older.outage;
  return { of, since, told, until: null, next: null, tries: 0, attempts: 0 };
}

/** Held-back runs too: one that is let go later must not overwrite what came after it. */
async function supersedeOlder(queries: Queries, winner: Run, now: number): Promise<void> {
  await queries.query(
    `UPDATE runs SET state = 'superseded', superseded_by = $2, finished_at = $3
     WHERE stack = $1 AND id < $2 AND ${IS_UPDATE} AND ${ACTIVE} AND state <> 'running'`,
    [winner.stack, winner.id, now],
  );
}

async function first(
  queries: Queries,
  condition: string,
  stack: string,
  ...values: SqlValue[]
): Promise<Run | undefined> {
  const [row] = await queries.query<RunRow>(
    `SELECT * FROM runs WHERE stack = $1 AND ${ACTIVE} AND ${condition} LIMIT 1`,
    [stack, ...values],
  );
  return row && toRun(row);
}
