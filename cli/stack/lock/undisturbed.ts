import { CliError } from "../../problem.ts";
import type { Holder } from "./holder.ts";

/** What is needed to look at a stack while nobody works on it. */
export interface Look<T> {
  stack: string;
  /** Who holds it: what can be had at once, then also what costs a question. */
  holder(thorough: boolean): Promise<Holder | undefined>;
  /** Changes with every write to the state; undefined where that cannot be told. */
  mark(): string | undefined;
  look(): Promise<T>;
  /** What was found, as a text that is equal for equal findings; undefined for nothing. */
  finding(seen: T): string | undefined;
  held(stack: string, holder: Holder): CliError;
}

/** How often a stack is looked at that changes meanwhile. */
const MOST = 4;

/**
 * Looks at a stack, and believes in what differs only when no update was at work: nobody holds the stack before and after, and its state
 * is the same; where that cannot be told, two looks have to find the same. Throws CliError `stack_locked`.
 */
export async function lookUndisturbed<T>(on: Look<T>): Promise<T> {
  const before = await on.holder(false);
  if (before) throw on.held(on.stack, before);
  let found: string | undefined;
  for (let looks = 0; looks < MOST; looks++) {
    const mark = on.mark();
    const seen = await on.look();
    const finding = on.finding(seen);
    if (finding === undefined) return seen;
    const holder = await on.holder(true);
    if (holder) throw on.held(on.stack, holder);
    if (mark === undefined ? finding === found : mark === on.mark()) return seen;
    found = finding;
  }
  throw new CliError(
    "stack_busy",
    `${on.stack} was changed by updates while it was looked at, ${MOST} times`,
    "Wait until they have ended and look again",
  );
}
