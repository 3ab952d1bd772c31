import type { StackPlace } from "../state/backend.ts";
import { lockFolder, removeLock, StackLocked, takeLock } from "../state/locks.ts";
import { hasJournal } from "./paths.ts";
import { settleJournal } from "./settle.ts";

/** Runs `work` while this process holds the stack's lock. Throws StackLocked. */
async function withLock<T>(place: StackPlace, work: () => Promise<T>): Promise<T> {
  const folder = lockFolder(place);
  const lock = await takeLock(folder);
  try {
    return await work();
  } finally {
    await removeLock(folder, lock);
  }
}

/**
 * Brings the journal of an update that was cut off into the state, if there is one. `locked`: somebody holds the stack, and it stays
 * as it is. Throws JournalConflict.
 */
export async function settleLeftover(place: StackPlace): Promise<"none" | "settled" | "locked"> {
  if (!hasJournal(place)) return "none";
  try {
    return await withLock(place, () => settleJournal(place));
  } catch (error) {
    if (error instanceof StackLocked) return "locked";
    throw error;
  }
}
