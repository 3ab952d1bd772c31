import type { z } from "zod";
import type { gate, holdView } from "../api/views.ts";
import type { Hold } from "../domain/gates/hold.ts";
import type { Run } from "../domain/run.ts";
import { toTimestamp } from "./timestamp.ts";

/** A hold as answers show it. */
export function toHoldView(hold: Hold): z.output<typeof holdView> {
  return {
    id: hold.id,
    env: hold.stack,
    by: hold.by,
    reason: hold.reason,
    made_at: toTimestamp(hold.madeAt),
    until: toTimestamp(hold.until),
    taken_back: hold.takenBack,
    ended_at: toTimestamp(hold.endedAt),
    ended_by: hold.endedBy,
  };
}

/** What holds a run back; nothing while nothing does. */
export function toGateView({ state, gate: held }: Pick<Run, "state" | "gate">): { gate?: z.output<typeof gate> } {
  if (state !== "waiting" || !held) return {};
  const { kind, id, by, reason, until } = held;
  return { gate: { kind, id, by, reason, until: toTimestamp(until) } };
}
