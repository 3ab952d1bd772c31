import type { ApartNetwork, Context } from "./context.ts";
import type { ComposeNetwork } from "./model.ts";
import type { PlainFile, PlainService } from "./normalise.ts";

/** The network on which the services of an environment talk with each other. */
export function networkName(suffix: string): string {
  return `platform${suffix}`;
}

/** Key of that network in the text of a service that has a private one besides. */
const SHARED = "platform";

/** Which containers of a file talk with others than their siblings. */
export interface Reach {
  /** Those on the environment's network. */
  joins: readonly string[];
  /** Those that Dokploy puts on its own network, for their routes. */
  routed: readonly string[];
}

/** The container in whose network one is: itself unless `network_mode` says another one; undefined when it is in none. */
export function networkOwner({ services }: PlainFile, key: string, seen: readonly string[] = []): string | undefined {
  const mode = services[key]?.network_mode;
  if (mode === undefined) return key;
  const owner = /^service:(.+)$/.exec(String(mode))?.[1];
  return owner === undefined || seen.includes(owner) ? undefined : networkOwner({ services }, owner, [...seen, key]);
}

function ownNetworks({ network, also }: ApartNetwork): Record<string, object> {
  return Object.fromEntries([network, ...also].map((key) => [key, {}]));
}

function namedNetworks({ network, also }: ApartNetwork, context: Context): [string, ComposeNetwork][] {
  return [
    [network, { name: context.nameOf(network) }],
    ...also.map((name): [string, ComposeNetwork] => [name, { name, external: true }]),
  ];
}

/**
 * Gives each container its networks. Containers of one file share Compose's `default`, private to the project, and go there by their
 * keys of the file; what joins the environment's network does it besides. `default` it is because Dokploy puts a routed container on it
 * in any case. A file with one container has nobody to hide from itself: it joins the environment's network as `default`, or stays alone.
 */
export function giveNetworks(compose: PlainFile, own: readonly string[], reach: Reach, context: Context): PlainFile {
  const shared: ComposeNetwork = { name: networkName(context.suffix), external: true };
  const full = new Map(own.map((key) => [context.nameOf(key), key]));
  const apart = new Map(Object.entries(context.apart ?? {}).map(([key, network]) => [context.nameOf(key), network]));
  const siblings = own.filter(
    (key) => compose.services[context.nameOf(key)]?.network_mode === undefined && !apart.has(context.nameOf(key)),
  );
  // Who is in another container's network reaches what that one reaches.
  const joins = new Set(reach.joins.flatMap((key) => networkOwner(compose, context.nameOf(key)) ?? []));
  const several = siblings.length > 1;
  if (!several && siblings.some((key) => joins.has(context.nameOf(key)))) {
    return { ...compose, networks: { default: shared } };
  }

  const crowded = new Set([...joins, ...reach.routed.map(context.nameOf)]);
  const links = [...siblings].sort().map((key) => `${context.nameOf(key)}:${key}`);
  const services = Object.entries(compose.services).map(([name, service]): [string, PlainService] => {
    const alone = apart.get(name);
    if (service.network_mode !== undefined || !(several || joins.has(name) || alone)) return [name, service];
    const key = full.get(name);
    const networks = {
      ...(alone ? ownNetworks(alone) : { default: several && key !== undefined ? { aliases: [key] } : {} }),
      ...(joins.has(name) ? { [SHARED]: {} } : {}),
    };
    // Docker asks a container's networks one after another, Dokploy's first: without a link a foreign `db` there would answer.
    const linked = several && key !== undefined && crowded.has(name) && !alone;
    return [name, { ...service, networks, ...(linked ? { external_links: links } : {}) }];
  });
  const used = services.some(([name, { network_mode }]) => joins.has(name) && network_mode === undefined);
  const networks = {
    ...(context.privateNetwork === undefined ? {} : { default: { name: context.privateNetwork } }),
    ...(used ? { [SHARED]: shared } : {}),
    ...Object.fromEntries([...apart.values()].flatMap((one) => namedNetworks(one, context))),
  };
  return { ...compose, services: Object.fromEntries(services), networks };
}
