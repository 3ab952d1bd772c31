import type { z } from "zod";
import type { observationView, watchView } from "../api/views.ts";
import type { Run } from "../domain/run.ts";
import { explainNothing } from "../domain/watching/not-watched.ts";
import { type Observation, wordObservation } from "../domain/watching/observation.ts";
import type { Watch } from "../store/stack/observing.ts";
import { toTimestamp } from "./timestamp.ts";

/** An observation as answers show it. */
export type ObservationView = z.output<typeof observationView>;

export function toObservationView(observation: Observation): ObservationView {
  const { id, stack, service, kind, parts, containers, run, seenAt, confirmedAt, endedAt } = observation;
  const shown = containers.map(({ startedAt, exitCode, ...each }) => ({
    ...each,
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
  }));
  return {
    ...{ id, env: stack, service, kind, parts, found: wordObservation(observation) },
    ...(shown.length > 0 ? { containers: shown } : {}),
    ...{ run, seen_at: toTimestamp(seenAt), confirmed_at: toTimestamp(confirmedAt), ended_at: toTimestamp(endedAt) },
  };
}

/** How a stack was when it was last looked at. `last`: its last update that ended. Findings are those that were confirmed. */
export function toWatchView(
  watch: Watch | undefined,
  { open, last, isOff }: { open: readonly Observation[]; last: Pick<Run, "state"> | undefined; isOff: boolean },
): z.output<typeof watchView> {
  const findings = open.filter(({ confirmedAt }) => confirmedAt !== null).length;
  const memory = watch?.memory;
  const looked_at = toTimestamp(watch?.lookedAt ?? null);
  if (isOff) return { state: "not_watched", since: null, looked_at, why: "WATCH_INTERVAL is 0", findings };
  if (!memory || memory.verdict === null) {
    const why = memory?.why ?? (watch ? "the first look is due" : explainNothing(last));
    return { state: "not_watched", since: memory ? toTimestamp(memory.since) : null, looked_at, why, findings };
  }
  const { verdict, since, why } = memory;
  return { state: verdict, since: toTimestamp(since), looked_at, ...(why === undefined ? {} : { why }), findings };
}
