import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { isEngine } from "../engine/session.ts";
import type { Runner } from "../runner.ts";
import { parseLocks, removeAllLocks } from "../state/locks.ts";
import { JournalLeft, setAsideJournal } from "../state/old-journal.ts";
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
 * Clears away what an earlier update left on a stack: its processes and its locks. The caller holds the stack's lease.
 * Throws ReleaseError for what only a person can decide.
 */
export async function clearStack(runner: Runner, run: Run, prepared: Prepared): Promise<Cleared> {
  const writes = RUN_KINDS[run.kind].changesStack;
  // Looking mends nothing.
  const { session, mend } = writes ? await findLeftover(runner.store, run) : { session: run.session, mend: false };
  await clearSession(runner, run, prepared, session);
  if (writes) {
    await requireReadableLocks(prepared.locks);
    await setJournalAside(runner, run, prepared);
  }
  return { mend, before: session?.host ?? null };
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

async function clearSession(runner: Runner, run: Run, { locks }: Prepared, session: Run["session"]): Promise<void> {
  for (const lock of await clearWay(session, locks)) tellLockRemoved(runner, run, lock);
}

async function setJournalAside({ log }: Runner, run: Run, { place, folder }: Prepared): Promise<void> {
  if (!place) return;
  const stackFile = await readFile(folder.configFile, "utf8");
  const kept = await setAsideJournal(place, stackFile).catch((error: unknown) => {
    throw error instanceof JournalLeft ? new ReleaseError(error.message, error.hint) : error;
  });
  if (kept) log.warn({ event: "journal.set_aside", run: run.id, stack: run.stack, kept });
}

function tellLockRemoved({ metrics, log }: Runner, run: Run, lock: string): void {
  metrics.lockBreaks.inc({ env: run.stack });
  log.warn({ event: "lock.removed", run: run.id, stack: run.stack, lock });
}
