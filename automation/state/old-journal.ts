import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { StackPlace } from "./backend.ts";
import { isFoundAgain } from "./checkpoints.ts";
import { lockFolder, readLocks } from "./locks.ts";

/** What an update of an older release did is only in its journal. */
export class JournalLeft extends Error {
  override readonly name = "JournalLeft";
  readonly hint: string;
  constructor(file: string) {
    super(`an update of an older release was cut off, and what it did is only in ${file}`);
    this.hint =
      "start the runner of the release before and ask it for a preview of this stack, that records it; or move the file away: services that were new get other secret ids, and are deployed once more";
  }
}

/**
 * Sets aside the journal that an older release kept beside the state during an update, when that was cut off: what it holds is found
 * again, as after any update that was killed. Answers where it is now; undefined when there is none, or somebody holds the stack.
 * Throws JournalLeft where not all of it can be found again.
 */
export async function setAsideJournal(place: StackPlace, stackFile: string): Promise<string | undefined> {
  const { folder, project, stack } = place;
  const file = join(folder, ".pulumi", "journals", project, `${stack}.jsonl`);
  if (!existsSync(file) || (await readLocks(lockFolder(place))).length > 0) return undefined;
  if (!isFoundAgain(stackFile)) throw new JournalLeft(file);
  const kept = `${file}.${Date.now()}`;
  await rename(file, kept);
  return kept;
}
