/** A volume on the server. */
export interface ServerVolume {
  name: string;
  /** Its key in the compose file that made it; undefined when Compose did not make it. */
  key: string | undefined;
}

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
  live: readonly ServerVolume[],
): { own: string[]; shared: string[] } {
  const named = new Set([...(planned[service] ?? []), ...inText]);
  const others = new Set(Object.entries(planned).flatMap(([other, names]) => (other === service ? [] : names)));
  const known = new Set(live.map(({ name }) => name));
  // What the list does not show is asked for by name: Dokploy answers an empty list also when its Docker does not answer.
  const all: ServerVolume[] = [
    ...live,
    ...[...named].filter((name) => !known.has(name)).map((name) => ({ name, key: undefined })),
  ];
  const mine = all
    .filter(({ name, key }) => named.has(name) || (key !== undefined && name === volumeName(service, key, suffix)))
    .map(({ name }) => name)
    .sort();
  return { own: mine.filter((name) => !others.has(name)), shared: mine.filter((name) => others.has(name)) };
}

/**
 * The name that the platform gives to a volume without one. The program makes the same (components/compose/names.ts), and a checkout's
 * program is never imported here: a test holds the two together.
 */
export function volumeName(service: string, key: string, suffix: string): string {
  return `platform-${service}-${key}${suffix}`;
}
