import { volumeName } from "../../compose/names.ts";
import type { VolumeRow } from "../../dokploy/api/schema.ts";

/** What tells whose a volume is. */
export interface VolumeOwners {
  service: string;
  /** `platform:suffix` of the stack. */
  suffix: string;
  /** Service of this checkout → names of its volumes in this stack. */
  planned: Readonly<Record<string, readonly string[]>>;
  /** Names in the service's text on Dokploy, where it still is. */
  inText: readonly string[];
}

/**
 * The volumes of a service among those of the server: what its file names, and what an earlier file of it named, which the key on the
 * volume proves. `shared` are those that another service names as well.
 */
export function volumesOfService(
  { service, suffix, planned, inText }: VolumeOwners,
  live: readonly VolumeRow[],
): { own: string[]; shared: string[] } {
  const named = new Set([...(planned[service] ?? []), ...inText]);
  const others = new Set(Object.entries(planned).flatMap(([other, names]) => (other === service ? [] : names)));
  const known = new Set(live.map(({ name }) => name));
  // What the list does not show is asked for by name: Dokploy answers an empty list also when its Docker does not answer.
  const all: VolumeRow[] = [
    ...live,
    ...[...named].filter((name) => !known.has(name)).map((name) => ({ name, key: undefined })),
  ];
  const mine = all
    .filter(({ name, key }) => named.has(name) || (key !== undefined && name === volumeName(service, key, suffix)))
    .map(({ name }) => name)
    .sort();
  return { own: mine.filter((name) => !others.has(name)), shared: mine.filter((name) => others.has(name)) };
}
