import { randomBytes } from "node:crypto";
import { behindGate, findGate } from "../../domain/gates/gate.ts";
import { isFinal, type Run, type RunRequest } from "../../domain/run.ts";
import { RUN_KINDS } from "../../domain/run-kinds.ts";
import type { Database, Queries } from "../database/database.ts";
import { endOne, openHolds } from "../stack/holds.ts";
import { type AcceptCondition, StoreConflict } from "../store.ts";
import { ACTIVE, giveUpText, IS_UPDATE, insertRun, type RunRow, readRun, toRun, updateRun } from "./rows.ts";

/** Writes a queued run, or joins the one that will do exactly what is asked. */
export function accept(
  db: Database,
  request: RunRequest,
  now: number,
  condition: AcceptCondition,
): Promise<{ run: Run; duplicate: boolean }> {
  return db.locked(request.stack, async (queries) => {
    const rows = await readStanding(queries, request.stack);
    if (condition.newest !== undefined && (rows.find(isAccepted)?.id ?? null) !== condition.newest) {
      throw new StoreConflict(`a newer request for ${request.stack} was accepted meanwhile: decide again`);
    }
    const { ends } = condition;
    if (ends) for (const id of ends.holds) await endOne(queries, id, ends.by, now, ends.tell);
    const active = findJoinable(rows, request);
    // What ended right here may have let it go.
    const run = active && (ends ? await readRun(queries, active.id) : toRun(active));
    if (run) return { run: await tryNow(queries, run, now), duplicate: true };
    return { run: await insert(queries, request, "queued", now, rows[0]?.id), duplicate: false };
  });
}

/** Who asks again may have fixed what the run waits for. */
async function tryNow(queries: Queries, run: Run, now: number): Promise<Run> {
  if (run.state !== "waiting" || !run.outage) return run;
  const due: Run = { ...run, outage: { ...run.outage, next: now } };
  await updateRun(queries, due);
  return due;
}

/** Writes a run that was superseded on arrival. */
export function record(db: Database, request: RunRequest, now: number): Promise<Run> {
  return db.locked(request.stack, async (queries) => {
    return insert(queries, request, "superseded", now, await newestRun(queries, request.stack));
  });
}

/** The id of the stack's newest run, after which the next one's comes. */
export async function newestRun(queries: Queries, stack: string): Promise<string | undefined> {
  const [newest] = await queries.query<{ id: string | null }>("SELECT max(id) AS id FROM runs WHERE stack = $1", [
    stack,
  ]);
  return newest?.id ?? undefined;
}

/** A deploy or sync that counts: it was accepted, and not canceled before it started. */
const ACCEPTED = `${IS_UPDATE} AND state <> 'superseded'
  AND NOT (state = 'canceled' AND started_at IS NULL)`;

type StandingRow = RunRow & { cancel_requested_at: number | null };

/** `ACCEPTED`, of a row that was read already. */
function isAccepted({ kind, state, started_at }: StandingRow): boolean {
  return RUN_KINDS[kind].changesStack && state !== "superseded" && !(state === "canceled" && started_at === null);
}

/** The newest deploy or sync of the stack that counts. */
export async function newestAccepted(queries: Queries, stack: string): Promise<Run | undefined> {
  const [row] = await queries.query<RunRow>(
    `SELECT * FROM runs WHERE stack = $1 AND ${ACCEPTED} ORDER BY id DESC LIMIT 1`,
    [stack],
  );
  return row && toRun(row);
}

/**
 * All that accepting has to know of a stack, newest first: its newest run, the newest that counts, and those under way.
 * One statement, because every one is a round trip during which nobody else can accept anything for the stack.
 */
function readStanding(queries: Queries, stack: string): Promise<StandingRow[]> {
  return queries.query<StandingRow>(
    `SELECT * FROM runs WHERE stack = $1 AND (${ACTIVE}
       OR id = (SELECT max(id) FROM runs WHERE stack = $1)
       OR id = (SELECT max(id) FROM runs WHERE stack = $1 AND ${ACCEPTED})) ORDER BY id DESC`,
    [stack],
  );
}

/**
 * A deploy or sync is joined only while nothing newer waits behind it: the older run would be superseded, and what was
 * asked for last would not happen. A run that is being canceled is never joined.
 */
function findJoinable(rows: StandingRow[], request: RunRequest): StandingRow | undefined {
  const active = rows.filter(({ state }) => !isFinal(state));
  const rivals = RUN_KINDS[request.kind].changesStack
    ? active.filter(({ kind }) => RUN_KINDS[kind].changesStack).slice(0, 1)
    : active.filter(({ kind }) => !RUN_KINDS[kind].changesStack);
  return rivals.find(
    (row) =>
      row.kind === request.kind &&
      row.commit_sha === request.commit &&
      (row.rollback === 1) === request.rollback &&
      row.give_up === giveUpText(request) &&
      // Who asks for less joins one that does more.
      (!request.full || row.in_full === 1) &&
      row.cancel_requested_at === null,
  );
}

/** Writes a new run. The caller is in its stack's section. */
export async function insert(
  queries: Queries,
  request: RunRequest,
  state: "queued" | "superseded",
  now: number,
  newest: string | undefined,
): Promise<Run> {
  const id = nextRunId(now, newest, randomBytes(8));
  const asked: Run = {
    kind: request.kind,
    stack: request.stack,
    tag: request.tag,
    commit: request.commit,
    services: request.services,
    rollback: request.rollback,
    ...(request.giveUp ? { giveUp: request.giveUp } : {}),
    ...(request.full ? { full: true } : {}),
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
  const run = state === "queued" ? await gated(queries, asked, now) : asked;
  await insertRun(queries, run);
  return run;
}

/** A new run, behind what holds it back from the beginning. */
async function gated(queries: Queries, run: Run, now: number): Promise<Run> {
  if (!RUN_KINDS[run.kind].changesStack) return run;
  const gate = findGate(run, { holds: await openHolds(queries, now, run.stack), now });
  return gate ? behindGate(run, gate) : run;
}

const COUNTER_LIMIT = 0xfff;

/**
 * The id of a run accepted at `now` after `previous`, the newest run of its stack: a UUIDv7 (RFC 9562), so that ids
 * sort by time and are safe in a URL. Within a stack every id is greater than the one before, also within one
 * millisecond and when a second runner's clock is behind: the order of ids is the order of acceptance.
 * `random` is 8 bytes.
 */
export function nextRunId(now: number, previous: string | undefined, random: Uint8Array): string {
  let time = now;
  let counter = 0;
  if (previous !== undefined && runIdTime(previous) >= now) {
    time = runIdTime(previous);
    counter = Number.parseInt(previous.slice(15, 18), 16) + 1;
    if (counter > COUNTER_LIMIT) {
      time += 1;
      counter = 0;
    }
  }
  const stamp = time.toString(16).padStart(12, "0");
  const tail = Buffer.from(random);
  tail.writeUInt8((tail.readUInt8(0) & 0x3f) | 0x80, 0);
  const rest = tail.toString("hex");
  return [
    stamp.slice(0, 8),
    stamp.slice(8),
    `7${counter.toString(16).padStart(3, "0")}`,
    rest.slice(0, 4),
    rest.slice(4),
  ].join("-");
}

/** The time inside an id, in milliseconds since the epoch. */
export function runIdTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
