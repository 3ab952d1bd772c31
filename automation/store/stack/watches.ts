import type { WatchMemory } from "../../domain/watching/memory.ts";
import type { Database } from "../database/database.ts";
import { enqueue } from "../outbox.ts";
import { IS_UPDATE } from "../run/rows.ts";
import { dropObservations, writeObservations } from "./observations.ts";
import type { KeptLook, Watch } from "./observing.ts";

interface Row {
  stack: string;
  due_at: number;
  looked_at: number | null;
  data: string | null;
}

function toWatch(row: Row): Watch {
  return {
    stack: row.stack,
    dueAt: row.due_at,
    lookedAt: row.looked_at,
    memory: row.data === null ? null : (JSON.parse(row.data) as WatchMemory),
  };
}

/** Takes a stack that is due, and hides it from others for a while; one that was never looked at is due later. */
export async function claimWatch(
  db: Database,
  { holdMs, mostMs, firstMs = 0 }: { holdMs: number; mostMs: number; firstMs?: number },
  now: number,
): Promise<{ watch?: Watch; next?: number }> {
  const known = await db.query<{ stack: string; due_at: number | null }>(
    `SELECT known.stack, watches.due_at FROM (SELECT stack FROM left_behind UNION SELECT stack FROM watches) AS known
       LEFT JOIN watches ON watches.stack = known.stack ORDER BY coalesce(watches.due_at, 0), known.stack`,
  );
  const isDue = ({ due_at: at }: { due_at: number | null }) => at === null || at <= now || at > now + mostMs;
  const later = known.flatMap((each) => (isDue(each) ? [] : [each.due_at ?? now]));
  const due = known.filter(isDue);
  for (const [index, { stack, due_at: before }] of due.entries()) {
    if (before === null && firstMs > 0) {
      await insertWatch(db, stack, now + firstMs);
      later.push(now + firstMs);
      continue;
    }
    const rows =
      before === null
        ? await insertWatch(db, stack, now + holdMs)
        : await db.query<Row>("UPDATE watches SET due_at = $2 WHERE stack = $1 AND due_at = $3 RETURNING *", [
            stack,
            now + holdMs,
            before,
          ]);
    const [row] = rows;
    if (row) return { watch: toWatch(row), next: due.length > index + 1 ? now : Math.min(...later, now + mostMs) };
  }
  return later.length > 0 ? { next: Math.min(...later) } : {};
}

function insertWatch(db: Database, stack: string, dueAt: number): Promise<Row[]> {
  return db.query<Row>(
    "INSERT INTO watches (stack, due_at) VALUES ($1, $2) ON CONFLICT (stack) DO NOTHING RETURNING *",
    [stack, dueAt],
  );
}

/**
 * Writes what a look came to, all of it or nothing. False when it does not count: another took the watch, an update is under way, or what
 * was looked at is not what is kept as left any more.
 */
export function keepLook(db: Database, kept: KeptLook, now: number): Promise<boolean> {
  const { watch, left, dueAt, lookedAt, memory, write, drop, notices } = kept;
  const { stack } = watch;
  return db.locked(stack, async (queries) => {
    const [facts] = await queries.query<{
      due_at: number | null;
      run_id: string | null;
      kept_at: number | null;
      updates: number;
    }>(
      `SELECT (SELECT due_at FROM watches WHERE stack = $1) AS due_at,
         (SELECT run_id FROM left_behind WHERE stack = $1) AS run_id,
         (SELECT kept_at FROM left_behind WHERE stack = $1) AS kept_at,
         (SELECT count(*) FROM runs WHERE stack = $1 AND state = 'running' AND ${IS_UPDATE}) AS updates`,
      [stack],
    );
    const isSame = left === null || (facts?.run_id === left.run && facts.kept_at === left.keptAt);
    if (!isSame || facts?.due_at !== watch.dueAt || facts.updates > 0) return false;
    await writeObservations(queries, write);
    await dropObservations(queries, drop);
    for (const { observation, notices: told } of notices) await enqueue(queries, observation, told, now);
    await queries.query(
      "UPDATE watches SET due_at = $2, looked_at = coalesce($3, looked_at), data = $4 WHERE stack = $1",
      [stack, dueAt, lookedAt, JSON.stringify(memory)],
    );
    return true;
  });
}

/** Gives a watch back without a word about the stack. Nothing when another took it meanwhile. */
export async function postponeWatch(db: Database, { stack, dueAt }: Watch, next: number): Promise<void> {
  await db.query("UPDATE watches SET due_at = $3 WHERE stack = $1 AND due_at = $2", [stack, dueAt, next]);
}

/** Every stack that is looked at. */
export async function watches(db: Database): Promise<Watch[]> {
  return (await db.query<Row>("SELECT stack, due_at, looked_at, data FROM watches ORDER BY stack")).map(toWatch);
}
