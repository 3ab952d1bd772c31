import type { Run } from "../run.ts";
import type { Observation } from "./observation.ts";

/** What ends without a look. */
export interface Ended {
  over: Observation[];
  dropped: Observation[];
}

/**
 * What becomes of what is open where there is nothing to look at. An update that ended well came after it: it was brought back, though no
 * look can tell. Until then it stays as it is.
 */
export function endByUpdate(open: readonly Observation[], lastSuccess: number | null, now: number): Ended {
  const result: Ended = { over: [], dropped: [] };
  for (const observation of open) {
    if (lastSuccess === null || observation.seenAt >= lastSuccess) continue;
    if (observation.confirmedAt === null) result.dropped.push(observation);
    else result.over.push({ ...observation, endedAt: now });
  }
  return result;
}

/** Why there is nothing to look at, by the last update that ended. */
export function explainNothing(last: Pick<Run, "state"> | undefined): string {
  if (!last) return "nothing was deployed yet";
  if (last.state !== "succeeded") return "the last update did not end well";
  return "the release that it has is older than the look, or its update could not tell what it left";
}
