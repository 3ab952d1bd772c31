import { rename, rm } from "node:fs/promises";
import type { StackPlace } from "../engine/backend.ts";
import {
  digestOf,
  hasPlainState,
  readBackup,
  readState,
  renderState,
  type StackState,
  writeState,
} from "./checkpoint.ts";
import { type Journal, readJournal } from "./journal-file.ts";
import { hasJournal, journalFile } from "./paths.ts";
import { replay } from "./replay.ts";

/** A journal does not fit the state that is there: it is kept, and nothing is written. */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";
  readonly hint: string;
  /** `kept` is where the journal is now. */
  constructor(what: string, kept: string) {
    super(`${what} before it was recorded what an update did that was cut off`);
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
  if (!hasJournal(place)) return "none";
  const journal = await readJournal(file);
  if (begun !== undefined && journal?.head.begun !== begun) return "none";
  if (journal && journal.entries.length > 0) await apply(place, journal);
  await rm(file);
  return "settled";
}

async function apply(place: StackPlace, { head, entries }: Journal): Promise<void> {
  const file = journalFile(place);
  const conflict = async (what: string) => {
    const kept = `${file}.${head.begun}`;
    await rename(file, kept);
    return new JournalConflict(what, kept);
  };
  if (!(await hasPlainState(place))) throw await conflict("the state was removed or packed");
  const time = new Date(Number(BigInt(head.begun) / 1_000_000n));
  const after = ({ deployment }: StackState) => renderState(place, replay(deployment, entries, head.engine, time));
  const state = await readState(place);
  if (state.digest === head.base) return writeState(place, after(state));
  // Cut off between writing the state and removing the journal?
  const before = await readBackup(place);
  const done = before?.digest === head.base && digestOf(after(before)) === state.digest;
  if (!done) throw await conflict("the state was changed by somebody else");
}
