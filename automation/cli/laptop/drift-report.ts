import type { TimedRecord } from "../../domain/engine-record.ts";
import { reduceOutcomes, toService } from "../../domain/outcome.ts";
import type { ServiceOutcome } from "../../domain/run.ts";

/**
 * What a refresh without an update found: an outcome for every service, and one for each thing beside the services,
 * like their environment, that differs. In order of their names.
 */
export function assessDrift(records: readonly TimedRecord[]): ServiceOutcome[] {
  return [...reduceOutcomes(records, [], false), ...besideServices(records)].sort((a, b) =>
    a.service.localeCompare(b.service),
  );
}

function besideServices(records: readonly TimedRecord[]): ServiceOutcome[] {
  return records.flatMap(({ event }): ServiceOutcome[] => {
    if (event.type !== "resource" || event.phase !== "done" || toService(event.urn) !== undefined) return [];
    const service = event.urn.split("::").at(-1) ?? "";
    if (event.op === "delete") return [{ service, result: "deleted", reason: "gone" }];
    if (event.op === "update") return [{ service, result: "changed", reason: `drift: ${event.keys.join(", ")}` }];
    return [];
  });
}
