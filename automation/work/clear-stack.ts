import { hostname } from "node:os";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { isEngine } from "../engine/session.ts";
import { settleLeftover } from "../journal/leftover.ts";
import { hasJournal } from "../journal/paths.ts";
import { JournalConflict, settleJournal } from "../journal/settle.ts";
import type { Runner } from "../runner.ts";
import type { StackPlace } from "../state/backend.ts";
import { parseLocks, removeAllLocks } from "../state/locks.ts";
import { type Prepared, ReleaseError } from "./prepare.ts";
import { areAbandoned, clearWay, findLeftover, requireReadableLocks } from "./recovery.ts";

/** A stack that an engine may be started on. */
export interface Cleared {
  /** Whether the state may hold operations that nobody finished. */
  mend: boolean;
  /** The host of the runner that had the stack before; null when nothing of it was left. */
  before: string | null;
}

/**
 * Clears away what an earlier update left on a stack: its processes, its locks, its journal. The caller holds the stack's lease.
 * Throws ReleaseError for what only a person can decide.
 */
export async function clearStack(runner: Runner, run: Run, prepared: Prepared): Promise<Cleared> {
  const writes = RUN_KINDS[run.kind].changesStack;
  // Looking mends nothing; but what was done belongs into the state before anybody looks at it.
  const mayBeLeft = writes || (prepared.place !== undefined && hasJournal(prepared.place));
  const { session, mend } = mayBeLeft ? await findLeftover(runner.store, run) : { session: run.session, mend: false };
  const recorded = await clearSession(runner, run, prepared, session);
  if (writes) await requireReadableLocks(prepared.locks);
  return { mend: writes && (mend || recorded), before: session?.host ?? null };
}

/** Clears away what this run's own engine left when it crashed. */
export async function clearCrash(runner: Runner, run: Run, prepared: Prepared): Promise<void> {
  await clearSession(runner, run, prepared, run.session);
}

/** Removes what dead engines of runners left in a backend that is not a folder. False when somebody else holds the stack. */
export async function breakLocks(
  runner: Runner,
  run: Run,
  found: { said: string; before: string | null; env: Record<string, string>; prepared: Prepared },
): Promise<boolean> {
  const { said, before, env, prepared } = found;
  const locks = parseLocks(said);
  if (!areAbandoned(locks, { own: hostname(), before }, isEngine)) return false;
  await removeAllLocks(env, prepared.workDir, run.stack);
  for (const { host, pid } of locks) tellLockRemoved(runner, run, `${host}:${pid}`);
  return true;
}

/** Returns whether an update was cut off whose journal nobody had closed. */
async function clearSession(
  runner: Runner,
  run: Run,
  { place, locks }: Prepared,
  session: Run["session"],
): Promise<boolean> {
  let recorded = false;
  const record = async (settle: (of: StackPlace) => Promise<string>) => {
    if (!place) return;
    const settled = await settle(place).catch(refuse);
    if (settled !== "settled") return;
    recorded = true;
    runner.log.warn({ event: "update.recorded", run: run.id, stack: run.stack });
  };
  for (const lock of await clearWay(session, locks, () => record(settleJournal))) tellLockRemoved(runner, run, lock);
  // Its lock may be gone already. Who else holds the stack keeps it: then the engine says so too.
  await record(settleLeftover);
  return recorded;
}

function refuse(error: unknown): never {
  if (error instanceof JournalConflict) throw new ReleaseError(error.message, error.hint);
  throw error;
}

function tellLockRemoved({ metrics, log }: Runner, run: Run, lock: string): void {
  metrics.lockBreaks.inc({ env: run.stack });
  log.warn({ event: "lock.removed", run: run.id, stack: run.stack, lock });
}
