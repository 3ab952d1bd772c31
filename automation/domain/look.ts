import type { Run } from "./run.ts";
import { RUN_KINDS } from "./run-kinds.ts";

/** What of a run says whether a look may answer it. */
export type Lookable = Pick<Run, "kind" | "full" | "giveUp" | "attempts" | "session">;

/** Why only an engine may answer a run, by what was asked for and what became of it; undefined: a look may. Pure. */
export function refuseLook({ kind, full, giveUp = [], attempts, session }: Lookable): string | undefined {
  if (RUN_KINDS[kind].answers === "plan") return "only an engine tells what a deploy would change";
  if (full) return "an engine was asked for";
  if (giveUp.length > 0) return "it gives up volumes";
  if (attempts > 0 || session !== null) return "an engine began it";
  return undefined;
}

/** How long looks may answer before an engine looks at all of it once more, in milliseconds. */
export const FULL_CHECK_EVERY = 24 * 3_600_000;

/**
 * Whether an engine has to look at all of a stack, to hold the looks to what it finds: once a day, and once after every update of the
 * runner. `checked` is when one did last, with a runner of which version; undefined where no look answers for the stack anyway. Pure.
 */
export function dueFullCheck(on: {
  checked: { at: number; version: string } | undefined;
  version: string;
  now: number;
}): boolean {
  const { checked, version, now } = on;
  if (!checked) return false;
  return checked.version !== version || now - checked.at >= FULL_CHECK_EVERY;
}
