import type { EngineSession, Run } from "./domain/run.ts";
import { isLocalLock, readLocks, removeLock, type StackLock } from "./engine/locks.ts";
import { isAlive, isInSession, killSession, listSession } from "./engine/session.ts";
import type { Store } from "./store/store.ts";

/**
 * Which locks an update that was cut off left behind: the one its record names, and those of dead processes of this
 * machine, in case it was killed before the record was written. All others belong to somebody else. Pure.
 */
export function decideLocks(
  locks: StackLock[],
  old: EngineSession,
  isDead: (lock: StackLock) => boolean,
): { remove: string[]; keep: StackLock[] } {
  const isOurs = (lock: StackLock) => lock.id === old.lockId || (lock.host === old.host && isDead(lock));
  return { remove: locks.filter(isOurs).map((lock) => lock.id), keep: locks.filter((lock) => !isOurs(lock)) };
}

/**
 * Clears the way for a stack's next update after one of ours was cut off: ends what is left of its session, then
 * removes the lock it held, and no other. The caller holds the stack's lease, so whoever ran the old session has lost
 * it and ends it too. Returns the locks that were removed.
 */
export async function clearWay(old: EngineSession | null, locksIn: string | undefined): Promise<string[]> {
  if (!old) return [];
  await killSession(old);
  if (!locksIn) return [];
  const isDead = (lock: StackLock) => isLocalLock(lock) && !isAlive(lock.pid);
  const { remove } = decideLocks(await readLocks(locksIn), old, isDead);
  for (const id of remove) await removeLock(locksIn, id);
  return remove;
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

/** The lock that a running session holds; null while it has none. */
export async function findLock(session: EngineSession, locksIn: string | undefined): Promise<string | null> {
  if (!locksIn || listSession(session).length === 0) return null;
  const locks = await readLocks(locksIn);
  return locks.find((lock) => isLocalLock(lock) && isInSession(lock.pid, session))?.id ?? null;
}

/**
 * Whether the state may hold operations that nobody finished: this run's engine was cut off, or that of the stack's
 * last run was. A plain update would keep them for ever.
 */
export async function needsMending(store: Store, run: Run): Promise<boolean> {
  if (run.session !== null) return true;
  const earlier = await store.runs({ stack: run.stack, kinds: ["deploy", "sync"], limit: 20 });
  const last = earlier.find((other) => other.id !== run.id && other.attempts > 0);
  if (!last || last.state === "succeeded") return false;
  return last.state === "canceled" || last.session !== null;
}
