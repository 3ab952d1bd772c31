import { appendFileSync, rmSync } from "node:fs";
import { LEFT_FORMAT, type LeftResource, leftResource } from "../look/left.ts";

/** That nothing is known of a resource any more: it was not as it should be, or could not be seen. */
export interface Forgotten {
  type: LeftResource["type"];
  service: string;
  id: string;
  forget: true;
}

/** A resource as it was seen: as the state says it, or not. */
export type Seen = LeftResource | Forgotten;

/**
 * Tells whoever started the engine how a resource was found or left: one line of JSON more in the file that `DOCKMASTER_SEEN` names. The
 * last line about a resource counts. An update never fails for this: where a line cannot be written, the file is taken away, so that
 * nothing is known instead of something old.
 */
export function tellSeen(seen: Seen, file = process.env.DOCKMASTER_SEEN): void {
  if (!file) return;
  try {
    appendFileSync(file, `${JSON.stringify({ format: LEFT_FORMAT, ...readable(seen) })}\n`, { mode: 0o600 });
  } catch {
    rmSync(file, { force: true });
  }
}

/** What could not be read back, because a name in it is too long, say, is not told. */
function readable(seen: Seen): Seen {
  if ("forget" in seen || leftResource.safeParse(seen).success) return seen;
  const [service, id] =
    seen.type === "service" ? [seen.service, seen.composeId] : ["service" in seen ? seen.service : "", seen.id];
  return { type: seen.type, service, id, forget: true };
}
