import { type TimedRecord, toService } from "../../outcomes.ts";

/** What a refresh found of one service. */
export interface ServiceDrift {
  /** The service's name; of what is no service, the resource's. */
  service: string;
  /** Not on Dokploy any more. */
  gone: boolean;
  /** Names of what differs from the last update: `env.REDIS_ARGS`. */
  keys: string[];
}

/** Whether anything differs. */
export function hasDrift({ gone, keys }: ServiceDrift): boolean {
  return gone || keys.length > 0;
}

/** What was changed by hand, service by service, out of the records of a refresh without an update. */
export function assessDrift(records: TimedRecord[]): ServiceDrift[] {
  const found = new Map<string, ServiceDrift>();
  for (const { event } of records) {
    if (event.type !== "resource" || event.phase !== "done") continue;
    const gone = event.op === "delete" || event.op === "retain";
    const changed = event.op === "update";
    // Something beside the services, like their environment, is worth a line only when it differs.
    const service = toService(event.urn) ?? (gone || changed ? event.urn.split("::").at(-1) : undefined);
    if (service === undefined) continue;
    const drift = found.get(service) ?? { service, gone: false, keys: [] };
    found.set(service, drift);
    if (gone) drift.gone = true;
    if (changed) drift.keys.push(...namedKeys(event.keys));
  }
  return [...found.values()].sort((a, b) => a.service.localeCompare(b.service));
}

/** The provider's own list of what differs says the same once more. */
function namedKeys(keys: string[]): string[] {
  const named = keys.filter((key) => key !== "drift" && !key.startsWith("drift["));
  return named.length > 0 ? named : ["something that has no name"];
}
