import { type Marker, ownedBy, parseMarker } from "../api/marker.ts";
import type { ComposeRecord } from "../api/schema.ts";
import type { ComposeInputs, Owner } from "./inputs.ts";
import { ServiceError } from "./service-error.ts";

/**
 * The marker of a record that belongs to somebody else by now, because another stack took it over; undefined for ours and for one
 * without a marker. `DOCKMASTER_NEW_KEY=1` makes a stack's objects its own whatever key they were made with: a run that changes the
 * key may have been cut off.
 */
export function strangersMarker(
  record: Pick<ComposeRecord, "description">,
  ours: Owner[],
  newKey = process.env.DOCKMASTER_NEW_KEY === "1",
): Marker | undefined {
  const marker = parseMarker(record.description);
  if (marker === undefined) return undefined;
  const known = ours.some((owner) => ownedBy(marker, newKey ? { ...owner, keyId: marker.keyId } : owner));
  return known ? undefined : marker;
}

/** Throws when another stack took the record over, unless the program says that it is to be taken back. */
export function requireOurs(record: ComposeRecord, previous: Owner, wanted: ComposeInputs): void {
  const marker = strangersMarker(record, [wanted.owner, previous]);
  if (marker === undefined || wanted.adopt) return;
  const { project, stack } = wanted.owner;
  const copy = marker.project === project && marker.stack === stack;
  throw new ServiceError(
    "config_invalid",
    `the compose of ${wanted.service} (${record.composeId}) belongs to ${whose(marker)} by now${copy ? ", made with another PLATFORM_KEY" : ""}`,
    "remove it from this stack's state (pulumi state delete), or take it back with adopt: true",
  );
}

/** `project/stack/service` */
export function whose({ project, stack, service }: Marker): string {
  return `${project}/${stack}/${service}`;
}
