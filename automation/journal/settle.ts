import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { StackPlace } from "../engine/backend.ts";
import {
  digestOf,
  journalFile,
  readBackup,
  readState,
  renderState,
  type StackState,
  writeState,
} from "./checkpoint.ts";
import { readJournal } from "./journal-file.ts";
import { replay } from "./replay.ts";

/** Somebody changed the state that a journal begins with. */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";
  /** Where the journal is kept. */
  readonly kept: string;
  readonly hint: string;
  constructor(kept: string) {
    super("the state was changed by somebody else before it was recorded what an update did that was cut off");
    this.kept = kept;
    this.hint = `compare ${kept} with \`pulumi stack export\`, then go on: the next update takes its own services over, whatever the state says`;
  }
}

/**
 * Brings what a journal holds into the stack's state and removes the journal; does nothing where there is none, or where it is not
 * the one that was `begun` then. May be cut off and begun again at any point. The caller makes sure that nobody writes journal or
 * state. Throws JournalConflict.
 */
export async function settleJournal(place: StackPlace, begun?: string): Promise<"none" | "settled"> {
  const file = journalFile(place);
  if (!existsSync(file)) return "none";
  const journal = await readJournal(file);
  if (begun !== undefined && journal?.head.begun !== begun) return "none";
  if (journal) {
    const { head, entries } = journal;
    const time = new Date(Number(BigInt(head.begun) / 1_000_000n));
    const after = ({ deployment }: StackState) => renderState(place, replay(deployment, entries, head.engine, time));
    const state = await readState(place);
    if (state.digest === head.base) {
      if (entries.length > 0) await writeState(place, after(state));
    } else {
      // Cut off between writing the state and removing the journal?
      const before = await readBackup(place);
      const done = before?.digest === head.base && digestOf(after(before)) === state.digest;
      if (!done) {
        const kept = `${file}.${head.begun}`;
        await rename(file, kept);
        throw new JournalConflict(kept);
      }
    }
  }
  await rm(file);
  return "settled";
}
