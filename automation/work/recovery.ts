import { join } from "node:path";
import type { EngineSession } from "../domain/run.ts";
import { isAlive, isInSession, killSession, listSession } from "../engine/process-group.ts";
import { findLockOf, isDamaged, isLocalLock, readLocks, removeLock, type StackLock } from "../state/locks.ts";
import type { RunSpec } from "./perform.ts";
import { ReleaseError } from "./prepare.ts";
import type { RunUser } from "./users.ts";

/**
 * Which locks an update that was cut off left behind: the one its record names, and those of dead processes of this
 * machine, in case it was killed before the record was written. All others belong to somebody else. Pure.
 */
export function decideLocks(locks: StackLock[], old: EngineSession, isDead: (lock: StackLock) => boolean): string[] {
  const isOurs = (lock: StackLock) => lock.id === old.lockId || (lock.host === old.host && isDead(lock));
  return locks.filter(isOurs).map((lock) => lock.id);
}

/**
 * Clears the way for a stack's next update after one of ours was cut off: ends what is left of its session, then
 * removes the lock it held, and no other. The caller holds the stack's lease, so whoever ran the old session has lost it
 * and ends it too. Returns the locks that were removed.
 */
export async function clearWay(old: EngineSession | null, locksIn: string | undefined): Promise<string[]> {
  if (!old) return [];
  await killSession(old);
  if (!locksIn) return [];
  // In a container every runner has the same number, also the one that died while it cleared this stack.
  const isDead = (lock: StackLock) => isLocalLock(lock) && (!isAlive(lock.pid) || lock.pid === process.pid);
  const remove = decideLocks(await readLocks(locksIn), old, isDead);
  for (const id of remove) await removeLock(locksIn, id);
  return remove;
}

/**
 * Throws ReleaseError when a lock is left that nobody can tell the owner of. Only a person can know that no engine is at
 * work elsewhere, and the engine itself would not even say which file it stumbles over.
 */
export async function requireReadableLocks(locksIn: string | undefined): Promise<void> {
  if (!locksIn) return;
  const damaged = (await readLocks(locksIn)).filter(isDamaged).map(({ id }) => join(locksIn, `${id}.json`));
  if (damaged.length === 0) return;
  throw new ReleaseError(
    `the stack is locked, and its lock cannot be read: ${damaged.join(", ")}`,
    "when no pulumi is at work on this stack, remove that file and deploy again",
  );
}

/**
 * Whether every lock that an engine named was left behind by a runner's engine that is dead, so that all may be removed:
 * its host is this one and it runs here no more, or its host is that of the runner which had the stack before us. That one
 * has lost its lease, and its engine ends itself before that happens. Pure.
 */
export function areAbandoned(
  locks: readonly { host: string; pid: number }[],
  hosts: { own: string; before: string | null },
  isRunning: (pid: number) => boolean,
): boolean {
  const isAbandoned = ({ host, pid }: { host: string; pid: number }) =>
    host === hosts.own ? !isRunning(pid) : host === hosts.before;
  return locks.length > 0 && locks.every(isAbandoned);
}

/** The lock that a running session holds; null while it has none. What a user of its own wrote nobody else can read, but see. */
export async function findLock(
  session: EngineSession,
  locksIn: string | undefined,
  user: RunUser | undefined,
): Promise<string | null> {
  if (!locksIn || listSession(session).length === 0) return null;
  if (user) return (await findLockOf(locksIn, user.id)) ?? null;
  const locks = await readLocks(locksIn);
  return locks.find((lock) => isLocalLock(lock) && isInSession(lock.pid, session))?.id ?? null;
}

/** What an update that was cut off may have left behind. */
export interface Interrupted {
  /** Its engine's session, which may have held the stack's lock; null when the engine ended by itself. */
  session: EngineSession | null;
  /** Whether the state may hold operations that nobody finished. A plain update would keep them for ever. */
  recover: boolean;
}

/** What was left behind by this run's own engine, or by the last one that was started for the stack. Pure. */
export function findInterrupted({ run, before }: Pick<RunSpec, "run" | "before">): Interrupted {
  if (run.session !== null) return { session: run.session, recover: true };
  if (!before || before.state === "succeeded") return { session: null, recover: false };
  return { session: before.session, recover: before.state === "canceled" || before.session !== null };
}
