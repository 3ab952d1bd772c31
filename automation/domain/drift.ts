import type { TimedRecord } from "./engine-record.ts";
import { reduceOutcomes, toService } from "./outcome.ts";
import type { ServiceOutcome } from "./run.ts";

/** Whether it is something else than the last update left. */
export function isDrift({ result }: ServiceOutcome): boolean {
  return result === "changed" || result === "deleted" || result === "retained";
}

/**
 * What a refresh without an update found: an outcome for every service that the state has, and one for each thing beside the
 * services, like their environment, that differs. In order of their names. `canceled`: the engine was ended before it had finished.
 */
export function assessDrift(records: readonly TimedRecord[], canceled = false): ServiceOutcome[] {
  return [...reduceOutcomes(records, [], canceled), ...besideServices(records)].sort((a, b) =>
    a.service.localeCompare(b.service),
  );
}

function besideServices(records: readonly TimedRecord[]): ServiceOutcome[] {
  return records.flatMap(({ event }): ServiceOutcome[] => {
    if (event.type !== "resource" || event.phase !== "done" || toService(event.urn) !== undefined) return [];
    const service = event.urn.split("::").at(-1) ?? "";
    if (event.op === "delete") return [{ service, result: "deleted", reason: "gone" }];
    if (event.op === "update")
      return [{ service, result: "changed", reason: `drift: ${event.keys.join(", ")}`, well: true }];
    return [];
  });
}
