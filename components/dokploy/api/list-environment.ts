import type { Dokploy } from "./client.ts";
import type { EnvironmentRecord } from "./schema.ts";

interface Listing {
  running: Promise<unknown>;
  /** Asked for while `running` was under way. */
  next?: Promise<EnvironmentRecord>;
}

const listings = new WeakMap<Dokploy, Map<string, Listing>>();

/**
 * The environment with its services, as it is after this call: an answer under way may be too old to tell whether something was made
 * in the meantime. All who ask while one is under way share the next one, so many services at once cost few requests.
 */
export function listEnvironment(dokploy: Dokploy, environmentId: string): Promise<EnvironmentRecord> {
  const known = listings.get(dokploy) ?? new Map<string, Listing>();
  listings.set(dokploy, known);
  const listing = known.get(environmentId);
  if (listing === undefined) return begin(known, dokploy, environmentId);
  listing.next ??= listing.running.then(() => begin(known, dokploy, environmentId));
  return listing.next;
}

function begin(known: Map<string, Listing>, dokploy: Dokploy, environmentId: string): Promise<EnvironmentRecord> {
  const answer = dokploy.environment(environmentId);
  const listing: Listing = {
    running: answer
      .catch(() => undefined)
      .finally(() => {
        if (known.get(environmentId) === listing && listing.next === undefined) known.delete(environmentId);
      }),
  };
  known.set(environmentId, listing);
  return answer;
}
