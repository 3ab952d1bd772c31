import { hostname } from "node:os";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { isEngine } from "../engine/process-group.ts";
import { parseLocks, removeAllLocks } from "../state/locks.ts";
import { JournalLeft, setAsideJournal } from "../state/old-journal.ts";
import type { RunEvents, WorkContext, WorkSpec } from "./perform.ts";
import { type Prepared, ReleaseError } from "./prepare.ts";
import { areAbandoned, clearWay, findInterrupted, requireReadableLocks } from "./recovery.ts";

/** A stack that an engine may be started on. */
export interface Cleared {
  /** Whether the state may hold operations that nobody finished. */
  recover: boolean;
  /** The host of the runner that had the stack before; null when nothing of it was left. */
  before: string | null;
}

/**
 * Clears away what an earlier update left on a stack: its processes and its locks. The caller holds the stack's lease;
 * `lockRemoved` gets each lock that is removed. Throws ReleaseError for what only a person can decide.
 */
export async function clearStack(
  context: Pick<WorkContext, "log">,
  spec: WorkSpec,
  prepared: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<Cleared> {
  const { run } = spec;
  const writes = RUN_KINDS[run.kind].changesStack;
  // Looking repairs nothing.
  const { session, recover } = writes ? findInterrupted(spec) : { session: run.session, recover: false };
  await clearSession(session, prepared, lockRemoved);
  if (writes) {
    await requireReadableLocks(prepared.locks);
    await setJournalAside(context, prepared);
  }
  return { recover, before: session?.host ?? null };
}

/** Clears away what this run's own engine left when it crashed. */
export async function clearCrash(
  { session }: Run,
  prepared: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<void> {
  await clearSession(session, prepared, lockRemoved);
}

/**
 * Removes what dead engines of runners left in a backend that is not a folder. Answers the locks, as `<host>:<pid>`; none when somebody
 * else holds the stack.
 */
export async function breakLocks(
  stack: string,
  found: { said: string; before: string | null; env: Record<string, string>; workDir: string; as: readonly string[] },
): Promise<string[]> {
  const { said, before } = found;
  const locks = parseLocks(said);
  if (!areAbandoned(locks, { own: hostname(), before }, isEngine)) return [];
  await removeAllLocks(stack, found);
  return locks.map(({ host, pid }) => `${host}:${pid}`);
}

async function clearSession(
  session: Run["session"],
  { locks }: Prepared,
  lockRemoved: RunEvents["lockRemoved"],
): Promise<void> {
  for (const lock of await clearWay(session, locks)) lockRemoved(lock);
}

async function setJournalAside({ log }: Pick<WorkContext, "log">, { place, stackFile }: Prepared): Promise<void> {
  if (!place) return;
  const kept = await setAsideJournal(place, stackFile).catch((error: unknown) => {
    throw error instanceof JournalLeft ? new ReleaseError(error.message, error.hint) : error;
  });
  if (kept) log.warn({ event: "journal.set_aside", kept });
}
