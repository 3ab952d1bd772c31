import { DokployError } from "../../../components/dokploy/api/errors.ts";
import type { NetworkRow, NetworksToSync } from "../../../components/dokploy/api/schema.ts";
import { openDokploy } from "../servers.ts";
import { type Finding, ok, skipped, warning } from "./finding.ts";
import { PATIENCE } from "./servers.ts";

const NAME = "Docker networks";

/** Networks that Docker's own address pools hold: 15 of a /16, 16 of a /20 (moby, daemon/libnetwork/ipamutils). */
const DEFAULT_POOLS = 31;
/** `bridge` and `docker_gwbridge`, which Dokploy does not list. */
const DOCKERS_OWN = 2;
/** Fewer places than these are worth a word. */
const FEW = 5;

const WIDEN =
  'on the server put "default-address-pools": [{"base": "172.16.0.0/12", "size": 24}] into /etc/docker/daemon.json and restart Docker: room for 4000, and what is there stays';

/**
 * Whether the address pools of the server's Docker have room: each service with several containers takes a network of its own. Overlay
 * networks take their addresses elsewhere. Where a network lies outside of Docker's own pools, others are set and nothing can be said.
 */
export function assessNetworks({ importable, missing }: NetworksToSync, rows: NetworkRow[]): Finding {
  const gone = new Set(missing.map(({ name }) => name));
  const bridges = [...importable, ...rows.filter(({ name }) => !gone.has(name))].filter(
    ({ driver }) => (driver ?? "bridge") === "bridge",
  );
  const used = bridges.length + DOCKERS_OWN;
  const subnets = importable.filter(({ driver }) => driver === "bridge").flatMap((network) => network.subnets ?? []);
  if (subnets.some((subnet) => !isDefault(subnet))) return ok(NAME, `${used}, from address pools of their own`);
  const free = DEFAULT_POOLS - used;
  const found = `${used} of the ${DEFAULT_POOLS} that Docker's address pools hold`;
  if (free >= FEW) return ok(NAME, found);
  return warning(NAME, free > 0 ? found : `${found}: the next one fails`, WIDEN);
}

function isDefault(subnet: string): boolean {
  return /^172\.(1[7-9]|2\d|3[01])\.0\.0\/16$/.test(subnet) || /^192\.168\.\d+\.0\/20$/.test(subnet);
}

/** Counts the networks of a Dokploy server; skipped where it cannot be asked. */
export async function examineNetworks(access: NodeJS.ProcessEnv): Promise<Finding> {
  const unasked = skipped(NAME, "not counted: Dokploy cannot be asked");
  if (!access.DOKPLOY_URL || !access.DOKPLOY_API_KEY) return unasked;
  try {
    const dokploy = await openDokploy(access, PATIENCE);
    return assessNetworks(...(await Promise.all([dokploy.networksToSync(), dokploy.networkRows()])));
  } catch (error) {
    if (!(error instanceof DokployError && error.kind === "unknown")) return unasked;
    return skipped(NAME, "not counted: this Dokploy does not list them (v0.30 does); Docker has room for about 30");
  }
}
