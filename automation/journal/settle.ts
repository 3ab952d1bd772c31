import { rename, rm } from "node:fs/promises";
import type { StackPlace } from "../state/backend.ts";
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

/** A journal cannot become the state: it is kept, and nothing is written. */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";
  readonly hint: string;
  /** `kept` is where the journal is now. */
  constructor(message: string, kept: string) {
    super(message);
    this.hint = `compare ${kept} with \`pulumi stack export\`, then go on: the next update takes its own services over, whatever the state says`;
  }
}

/** Why a journal does not fit the state that is there. */
class Misfit extends Error {}

/**
 * Brings what a journal holds into the stack's state and removes the journal; does nothing where there is none, or where it is not
 * the one that was `begun` then. May be cut off and begun again at any point. The caller makes sure that nobody writes journal or
 * state. Throws JournalConflict.
 */
export async function settleJournal(place: StackPlace, begun?: string): Promise<"none" | "settled"> {
  const file = journalFile(place);
  if (!hasJournal(place)) return "none";
  let journal: Journal | undefined;
  let text: string | undefined;
  try {
    journal = await readJournal(file);
    if (begun !== undefined && journal?.head.begun !== begun) return "none";
    if (journal && journal.entries.length > 0) text = await nextState(place, journal);
  } catch (error) {
    // A disk that is full or away may be well again later.
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    // Whatever else it is would be the same for ever, and no stack may wait for that.
    const kept = `${file}.${journal?.head.begun ?? Date.now()}`;
    await rename(file, kept);
    throw new JournalConflict(explain(error as Error), kept);
  }
  if (text !== undefined) await writeState(place, text);
  await rm(file);
  return "settled";
}

/** The state's file as the journal makes it; undefined when it is that already. Throws Misfit. */
async function nextState(place: StackPlace, { head, entries }: Journal): Promise<string | undefined> {
  if (!(await hasPlainState(place))) throw new Misfit("the state was removed or packed");
  const time = new Date(Number(BigInt(head.begun) / 1_000_000n));
  const after = ({ deployment }: StackState) => renderState(place, replay(deployment, entries, head.engine, time));
  const state = await readState(place);
  if (state.digest === head.base) return after(state);
  // Cut off between writing the state and removing the journal?
  const before = await readBackup(place);
  if (before?.digest === head.base && digestOf(after(before)) === state.digest) return undefined;
  throw new Misfit("the state was changed by somebody else");
}

function explain(error: Error): string {
  return error instanceof Misfit
    ? `${error.message} before it was recorded what an update did that was cut off`
    : `what an update did that was cut off cannot be recorded: ${error.message}`;
}
