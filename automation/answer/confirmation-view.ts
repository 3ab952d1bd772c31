import type { z } from "zod";
import type { confirmedView, confirmingView } from "../api/views.ts";
import type { Confirmation } from "../domain/confirming/confirmation.ts";

const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** The release of a stack that was confirmed last. */
export function toConfirmedView({ tag, commit, endedAt, begunAt }: Confirmation): z.output<typeof confirmedView> {
  return { tag, commit, at: new Date(endedAt ?? begunAt).toISOString() };
}

/** What becomes of a release after its update. */
export function toConfirmingView(watched: Confirmation): z.output<typeof confirmingView> {
  const { run, tag, commit, state, begunAt, until, endedAt, data } = watched;
  const { why, back } = data;
  return {
    ...{ run, tag, commit, state },
    since: new Date(begunAt).toISOString(),
    until: toTime(until),
    ended_at: toTime(endedAt),
    ...(why === undefined ? {} : { why }),
    ...(back === undefined ? {} : { rollback: back }),
  };
}
