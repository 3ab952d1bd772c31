import type { Run } from "../domain/run.ts";
import type { Database, Queries } from "./database.ts";
import { isLeased, takeLease } from "./lease.ts";
import { ACTIVE, type RunRow, toRun, updateRun } from "./rows.ts";
import type { Claim } from "./store.ts";

/** Leases one idle stack that has work; the stack whose work is oldest comes first. */
export async function claim(db: Database, owner: string, leaseMs: number, now: number): Promise<Claim | undefined> {
  const idle = await db.query<{ stack: string }>(
    `SELECT runs.stack FROM runs LEFT JOIN leases ON leases.stack = runs.stack AND leases.expires_at > $1
     WHERE ${ACTIVE} AND state <> 'waiting' AND leases.stack IS NULL
     GROUP BY runs.stack ORDER BY min(runs.id)`,
    [now],
  );
  for (const { stack } of idle) {
    const claimed = await db.locked(stack, (queries) => claimStack(queries, stack, owner, leaseMs, now));
    if (claimed) return claimed;
  }
  return undefined;
}

async function claimStack(
  queries: Queries,
  stack: string,
  owner: string,
  leaseMs: number,
  now: number,
): Promise<Claim | undefined> {
  if (await isLeased(queries, stack, now)) return undefined;
  const cutOff = await first(queries, "state = 'running' ORDER BY id", stack);
  const run = cutOff ?? (await startNext(queries, stack, now));
  return run && { run, lease: await takeLease(queries, stack, owner, leaseMs, now) };
}

async function startNext(queries: Queries, stack: string, now: number): Promise<Run | undefined> {
  const next =
    (await first(queries, "state = 'queued' AND kind IN ('deploy', 'sync') ORDER BY id DESC", stack)) ??
    (await first(queries, "state = 'queued' ORDER BY id", stack));
  if (!next) return undefined;
  const run: Run = { ...next, state: "running", startedAt: next.startedAt ?? now };
  await updateRun(queries, run);
  if (run.kind === "deploy" || run.kind === "sync") await supersedeOlder(queries, run, now);
  return run;
}

/** Held-back runs too: one that is let go later must not overwrite what came after it. */
async function supersedeOlder(queries: Queries, winner: Run, now: number): Promise<void> {
  await queries.query(
    `UPDATE runs SET state = 'superseded', superseded_by = $2, finished_at = $3
     WHERE stack = $1 AND id < $2 AND kind IN ('deploy', 'sync') AND ${ACTIVE} AND state <> 'running'`,
    [winner.stack, winner.id, now],
  );
}

async function first(queries: Queries, condition: string, stack: string): Promise<Run | undefined> {
  const [row] = await queries.query<RunRow>(
    `SELECT * FROM runs WHERE stack = $1 AND ${ACTIVE} AND ${condition} LIMIT 1`,
    [stack],
  );
  return row && toRun(row);
}
