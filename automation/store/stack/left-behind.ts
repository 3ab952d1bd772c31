import { type LeftBehind, leftBehind } from "../../../components/look/left.ts";
import type { ServiceOutcome } from "../../domain/run.ts";
import type { Database, Queries } from "../database/database.ts";

/** What an update left, with all that a look at it is answered with. */
export interface KeptLeft {
  stack: string;
  /** The run that brought it: a deploy or sync. */
  run: string;
  /** When Dokploy was last seen to be so by an engine, in milliseconds since the epoch. */
  keptAt: number;
  commit: string;
  /** Digest of what of the commit can have a say in what it makes. */
  program: string;
  left: LeftBehind;
  /** The services as the run's answer told of them. */
  services: LeftOutcome[];
  /** When an engine last looked at all of it, and of which version its runner was. */
  checked: { at: number; version: string };
}

/** What does not change of a service's outcome while nothing is to do. */
export type LeftOutcome = Pick<ServiceOutcome, "service" | "addresses" | "allows">;

type Row = { run_id: string; kept_at: number; record: string };

/** What the stack's last update left; undefined when it did not end well, or somebody changes the stack now. */
export async function readLeft(queries: Queries, stack: string): Promise<KeptLeft | undefined> {
  const [row] = await queries.query<Row>("SELECT run_id, kept_at, record FROM left_behind WHERE stack = $1", [stack]);
  if (!row) return undefined;
  const { left, ...rest } = JSON.parse(row.record) as Omit<KeptLeft, "stack" | "run" | "keptAt">;
  // One that another release wrote in a form of its own is as good as none.
  const known = leftBehind.safeParse(left);
  return known.success ? { stack, run: row.run_id, keptAt: row.kept_at, ...rest, left: known.data } : undefined;
}

/** Keeps what an update left, or what an engine saw anew. In the section of the stack, with the end of the run. */
export async function keepLeft(queries: Queries, { stack, run, keptAt, ...record }: KeptLeft): Promise<void> {
  await queries.query(
    `INSERT INTO left_behind (stack, run_id, kept_at, record) VALUES ($1, $2, $3, $4)
     ON CONFLICT (stack) DO UPDATE SET run_id = excluded.run_id, kept_at = excluded.kept_at, record = excluded.record`,
    [stack, run, keptAt, JSON.stringify(record)],
  );
}

/** Forgets it. In the section of the stack, before anything of the stack is changed. */
export async function dropLeft(queries: Queries, stack: string): Promise<void> {
  await queries.query("DELETE FROM left_behind WHERE stack = $1", [stack]);
}

/** Forgets what was left, unless another run's is kept by now. */
export async function forgetLeft(db: Database, { stack, run }: Pick<KeptLeft, "stack" | "run">): Promise<void> {
  await db.query("DELETE FROM left_behind WHERE stack = $1 AND run_id = $2", [stack, run]);
}

/** The stacks of which it is kept what was left. */
export async function leftStacks(db: Database): Promise<string[]> {
  const rows = await db.query<{ stack: string }>("SELECT stack FROM left_behind ORDER BY stack");
  return rows.map(({ stack }) => stack);
}
