import type { Owner } from "../rules/inputs.ts";
import { parseWritten, type Written } from "../rules/writing.ts";

/** What the description of an object says: its owner, what it is, and the routes that are ours (`host/path`). */
export interface Marker extends Owner {
  /** Service name, or "" for an environment or a project. */
  service: string;
  routes: string[];
}

const INTRO = "Managed by Dockmaster: what is changed here by hand is undone by the next update.";

/** The description that marks an object as ours, and says what the update wrote that wrote it. It needs no state, so a lost state finds its objects again. */
export function printMarker(marker: Marker, wrote?: Written): string {
  const { project, stack, keyId, service, routes } = marker;
  const said = {
    dockmaster: 1,
    project,
    stack,
    service,
    key: keyId,
    routes: [...routes].sort(),
    ...(wrote && { wrote }),
  };
  return `${INTRO} ${JSON.stringify(said)}`;
}

/** Reads the marker out of a description, or undefined when there is none that we can read. */
export function parseMarker(description: string | null | undefined): Marker | undefined {
  const found = parseSaid(description);
  if (found === undefined) return undefined;
  const routes = Array.isArray(found.routes) ? found.routes.map(String) : [];
  const marker = { project: found.project, stack: found.stack, service: found.service, keyId: found.key, routes };
  const texts = [marker.project, marker.stack, marker.service, marker.keyId];
  return texts.every((text) => typeof text === "string") ? (marker as Marker) : undefined;
}

/** What the last update of ours wrote; undefined in markers of older releases, and of those made without PLATFORM_KEY. */
export function parseWrote(description: string | null | undefined): Written | undefined {
  return parseWritten(parseSaid(description)?.wrote);
}

function parseSaid(description: string | null | undefined): Record<string, unknown> | undefined {
  const start = description?.indexOf('{"dockmaster"') ?? -1;
  if (!description || start < 0) return undefined;
  try {
    return JSON.parse(description.slice(start, description.lastIndexOf("}") + 1));
  } catch {
    return undefined;
  }
}

/** The service of this owner that a record says it is; undefined for one of others. */
export function ownService(description: string | null | undefined, owner: Owner): string | undefined {
  const marker = parseMarker(description);
  return ownedBy(marker, owner) ? marker?.service : undefined;
}

/** Whether a marker names this owner. */
export function ownedBy(marker: Marker | undefined, owner: Owner): boolean {
  return (
    marker !== undefined &&
    marker.project === owner.project &&
    marker.stack === owner.stack &&
    marker.keyId === owner.keyId
  );
}
