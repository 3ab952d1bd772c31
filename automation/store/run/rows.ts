import type { AnsweredBy, Gate, Outage, Run, RunState } from "../../domain/run.ts";
import { type RunKind, UPDATES } from "../../domain/run-kinds.ts";
import type { Queries, SqlValue } from "../database/database.ts";

/** The condition of the partial index `runs_active`: SQLite uses the index only where a query repeats it to the letter. */
export const ACTIVE = "state IN ('queued', 'waiting', 'running')";

/** A run that writes to its stack. In the words of the index `runs_succeeded`, which a longer list would need anew. */
export const IS_UPDATE = `kind IN (${UPDATES.map((kind) => `'${kind}'`).join(", ")})`;

/** A run as the table holds it; structures are JSON text. */
export interface RunRow {
  id: string;
  kind: RunKind;
  stack: string;
  tag: string | null;
  commit_sha: string;
  services: string | null;
  rollback: number;
  triggered_by: string;
  reason: string | null;
  request_id: string;
  state: RunState;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  attempts: number;
  session: string | null;
  outcomes: string;
  cause: string | null;
  superseded_by: string | null;
  outage: string | null;
  /** Null where nothing was given up. */
  give_up: string | null;
  gate: string | null;
  answered_by: AnsweredBy | null;
  /** Null where a look may answer. */
  in_full: number | null;
}

export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    stack: row.stack,
    tag: row.tag,
    commit: row.commit_sha,
    services: fromJson(row.services),
    rollback: row.rollback === 1,
    ...(row.give_up === null ? {} : { giveUp: JSON.parse(row.give_up) as string[] }),
    ...(row.in_full === 1 ? { full: true } : {}),
    triggeredBy: row.triggered_by,
    reason: row.reason,
    requestId: row.request_id,
    state: row.state,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    attempts: row.attempts,
    session: fromJson(row.session),
    outcomes: JSON.parse(row.outcomes) as Run["outcomes"],
    cause: fromJson(row.cause),
    supersededBy: row.superseded_by,
    ...(row.outage === null ? {} : { outage: fromJson<Outage>(row.outage) }),
    ...(row.gate === null ? {} : { gate: fromJson<Gate>(row.gate) }),
    ...(row.answered_by === null ? {} : { answeredBy: row.answered_by }),
  };
}

/** Adds a run that is not there yet. */
export async function insertRun(queries: Queries, run: Run): Promise<void> {
  await queries.query(
    `INSERT INTO runs (id, kind, stack, tag, commit_sha, services, rollback, triggered_by, reason, request_id,
       state, created_at, started_at, finished_at, attempts, session, outcomes, cause, superseded_by, outage,
       due_at, gate, answered_by, give_up, in_full)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
       $23, $24, $25)`,
    [
      run.id,
      run.kind,
      run.stack,
      run.tag,
      run.commit,
      toJson(run.services),
      run.rollback ? 1 : 0,
      run.triggeredBy,
      run.reason,
      run.requestId,
      run.state,
      run.createdAt,
      ...changing(run),
      giveUpText(run),
      run.full ? 1 : null,
    ],
  );
}

/** The volumes that a request gives up as its row holds them: equal texts for equal lists. */
export function giveUpText({ giveUp = [] }: Pick<Run, "giveUp">): string | null {
  return giveUp.length > 0 ? JSON.stringify(giveUp) : null;
}

/** Writes what can change in a run's life. */
export async function updateRun(queries: Queries, run: Run): Promise<void> {
  await queries.query(
    `UPDATE runs SET state = $2, started_at = $3, finished_at = $4, attempts = $5, session = $6, outcomes = $7,
       cause = $8, superseded_by = $9, outage = $10, due_at = $11, gate = $12, answered_by = $13 WHERE id = $1`,
    [run.id, run.state, ...changing(run)],
  );
}

/** The run of that id. */
export async function readRun(queries: Queries, id: string): Promise<Run | undefined> {
  const [row] = await queries.query<RunRow>("SELECT * FROM runs WHERE id = $1", [id]);
  return row && toRun(row);
}

function changing(run: Run): SqlValue[] {
  return [
    run.startedAt,
    run.finishedAt,
    run.attempts,
    toJson(run.session),
    JSON.stringify(run.outcomes),
    toJson(run.cause),
    run.supersededBy,
    toJson(run.outage ?? null),
    dueAt(run),
    toJson(run.gate ?? null),
    run.answeredBy ?? null,
  ];
}

/** When to look at a run again that waits: what a gate holds back is none of the outage's. */
function dueAt({ state, gate, outage }: Run): number | null {
  if (state !== "waiting") return null;
  return (gate ? gate.until : outage?.next) ?? null;
}

function toJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function fromJson<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
