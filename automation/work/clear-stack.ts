import { hostname } from "node:os";
import type { Run, RunKind } from "../domain/run.ts";
import { isEngine } from "../engine/session.ts";
import { settleLeftover } from "../journal/leftover.ts";
import { hasJournal } from "../journal/paths.ts";
import { JournalConflict, settleJournal } from "../journal/settle.ts";
import type { StackPlace } from "../state/backend.ts";
import { parseLocks, removeAllLocks } from "../state/locks.ts";
import type { RunEvents, RunSpec, WorkContext } from "./perform.ts";
import { type Prepared, ReleaseError } from "./prepare.ts";
import { areAbandoned, clearWay, findLeftover, requireReadableLocks } from "./recovery.ts";

/** A stack that an engine may be started on. */
export interface Cleared {
  /** Whether the state may hold operations that nobody finished. */
  mend: boolean;
  /** The host of the runner that had the stack before; null when nothing of it was left. */
  before: string | null;
}

/** Whether a run writes to its stack; all others only look. */
export function changesStack(kind: RunKind): boolean {
  return kind === "deploy" || kind === "sync";
}

/**
 * Clears away what an earlier update left on a stack: its processes, its locks, its journal. The caller holds the stack's lease;
 * `lockRemoved` gets each lock that is removed. Throws ReleaseError for what only a person can decide.
 */
export async function clearStack(
  context: Pick<WorkContext, "log">,
  spec: RunSpec,
  prepared: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<Cleared> {
  const { run } = spec;
  const writes = changesStack(run.kind);
  // Looking mends nothing; but what was done belongs into the state before anybody looks at it.
  const mayBeLeft = writes || (prepared.place !== undefined && hasJournal(prepared.place));
  const { session, mend } = mayBeLeft ? findLeftover(spec) : { session: run.session, mend: false };
  const recorded = await clearSession(context, session, prepared, lockRemoved);
  if (writes) await requireReadableLocks(prepared.locks);
  return { mend: writes && (mend || recorded), before: session?.host ?? null };
}

/** Clears away what this run's own engine left when it crashed. */
export async function clearCrash(
  context: Pick<WorkContext, "log">,
  { session }: Run,
  prepared: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<void> {
  await clearSession(context, session, prepared, lockRemoved);
}

/**
 * Removes what dead engines of runners left in a backend that is not a folder. Answers the locks, as `<host>:<pid>`; none when somebody
 * else holds the stack.
 */
export async function breakLocks(
  stack: string,
  found: { said: string; before: string | null; env: Record<string, string>; workDir: string },
): Promise<string[]> {
  const { said, before, env, workDir } = found;
  const locks = parseLocks(said);
  if (!areAbandoned(locks, { own: hostname(), before }, isEngine)) return [];
  await removeAllLocks(env, workDir, stack);
  return locks.map(({ host, pid }) => `${host}:${pid}`);
}

/** Returns whether an update was cut off whose journal nobody had closed. */
async function clearSession(
  { log }: Pick<WorkContext, "log">,
  session: Run["session"],
  { place, locks }: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<boolean> {
  let recorded = false;
  const record = async (settle: (of: StackPlace) => Promise<string>) => {
    if (!place) return;
    const settled = await settle(place).catch(refuse);
    if (settled !== "settled") return;
    recorded = true;
    log.warn({ event: "update.recorded" });
  };
  for (const lock of await clearWay(session, locks, () => record(settleJournal))) lockRemoved(lock);
  // Its lock may be gone already. Who else holds the stack keeps it: then the engine says so too.
  await record(settleLeftover);
  return recorded;
}

function refuse(error: unknown): never {
  if (error instanceof JournalConflict) throw new ReleaseError(error.message, error.hint);
  throw error;
}
