import type { Confirming } from "./confirming.ts";

/** Asks the checks of a watched release. */
export function createAskChecks(): Confirming["askChecks"] {
  return async () => ({ say: "hold" });
}
