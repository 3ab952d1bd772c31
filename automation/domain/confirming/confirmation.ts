import type { Run, ServiceOutcome } from "../run.ts";
import { RUN_KINDS } from "../run-kinds.ts";

/**
 * What becomes of a release after its update ended. `begun`: nobody decided yet; `watching` until it is `confirmed` or meets `trouble`;
 * `superseded`: another update came to the stack; `unwatched`: nobody looks; `unknown`: somebody was to look and could not tell.
 */
export type ConfirmationState = (typeof CONFIRMATION_STATES)[number];

export const CONFIRMATION_STATES = [
  "begun",
  "watching",
  "confirmed",
  "trouble",
  "superseded",
  "unwatched",
  "unknown",
] as const;

/** Whether nothing becomes of it any more. */
export function isSettled(state: ConfirmationState): boolean {
  return state !== "begun" && state !== "watching";
}

/** An update that ended, and what is known of its release since. Times are milliseconds since the epoch. */
export interface Confirmation {
  run: string;
  stack: string;
  tag: string | null;
  commit: string;
  state: ConfirmationState;
  /** When the update ended: what is watched counts from here. */
  begunAt: number;
  /** When it will be confirmed; null while nobody watches. */
  until: number | null;
  endedAt: number | null;
  data: {
    /** Whether the update itself failed. */
    failed: boolean;
    /** Why it is in trouble, not watched, or not known, in words. */
    why?: string;
    /** Until when it is known how it ran. */
    seenAt?: number;
    /** What was done about trouble: the run that brings the release before back, or why none does. */
    back?: { run: string; hold: string } | { refused: string };
  };
}

/** What an update's end means for the watching of its stack. */
export type AfterUpdate = "begin" | "supersede" | "keep";

/**
 * What a deploy's or sync's end means: its release is to be watched from now on, or what was watched goes on. One that found nothing to do
 * leaves the processes that were watched; one whose engine never came to the stack left it as it was. Pure.
 */
export function decideAfterUpdate(
  { kind, state, commit, attempts, outcomes }: Pick<Run, "kind" | "state" | "commit" | "attempts" | "outcomes">,
  before: Pick<Confirmation, "state" | "commit"> | undefined,
): AfterUpdate {
  if (!RUN_KINDS[kind].changesStack) return "keep";
  switch (state) {
    case "succeeded": {
      const goesOn = before !== undefined && (!isSettled(before.state) || before.state === "confirmed");
      return goesOn && before.commit === commit && outcomes.every(isUntouched) ? "keep" : "begin";
    }
    case "failed":
      return attempts > 0 ? "begin" : "keep";
    case "canceled":
      return attempts > 0 ? "supersede" : "keep";
    default:
      return "keep";
  }
}

function isUntouched({ result }: ServiceOutcome): boolean {
  return result === "unchanged";
}
