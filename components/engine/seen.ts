import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { LEFT_FORMAT, type LeftResource, leftResource } from "../look/left.ts";

/** That nothing is known of a resource any more: it was not as it should be, or could not be seen. */
export interface Forgotten {
  type: LeftResource["type"];
  service: string;
  id: string;
  forget: true;
  /** How it is left once the state holds what a refresh just found: only an update tells whether it does. */
  once?: LeftResource;
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

/**
 * What a refresh told of a resource that holds {@link Forgotten.once} the state has it; undefined when nothing of the kind was the last
 * word. An update asks, in another process than the refresh before it: the file is read once.
 */
export function toldOnce(id: string, file = process.env.DOCKMASTER_SEEN): LeftResource | undefined {
  if (!file) return undefined;
  waiting ??= readWaiting(file);
  return waiting.get(id);
}

let waiting: Map<string, LeftResource> | undefined;

function readWaiting(file: string): Map<string, LeftResource> {
  const found = new Map<string, LeftResource>();
  try {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (line === "") continue;
      const { id, composeId, once } = JSON.parse(line) as Partial<Forgotten> & { composeId?: string };
      const name = composeId ?? id ?? "";
      if (once === undefined) found.delete(name);
      else found.set(name, leftResource.parse(once));
    }
    return found;
  } catch {
    return new Map();
  }
}

/** What could not be read back, because a name in it is too long, say, is not told. */
function readable(seen: Seen): Seen {
  if ("forget" in seen || leftResource.safeParse(seen).success) return seen;
  const [service, id] =
    seen.type === "service" ? [seen.service, seen.composeId] : ["service" in seen ? seen.service : "", seen.id];
  return { type: seen.type, service, id, forget: true };
}
