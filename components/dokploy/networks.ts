import type { Dokploy } from "./api/client.ts";
import { DokployError } from "./api/errors.ts";
import type { NetworkRow, NetworksToSync } from "./api/schema.ts";
import { isRecord, section } from "./api/sections.ts";
import { makesNetworks } from "./api/version.ts";

/** Dokploy's own: its installation makes it. */
const DOKPLOY = "dokploy-network";

/** Names of the networks that have to be there before a compose file can be deployed. */
export function externalNetworks(composeFile: string): string[] {
  return Object.entries(section(composeFile, "networks"))
    .filter(([, value]) => isRecord(value) && Boolean(value.external))
    .map(([key, value]) => (isRecord(value) && typeof value.name === "string" ? value.name : key))
    .filter((name) => name !== DOKPLOY);
}

/** What is to be done so that Docker has a network. `make-again`: Dokploy knows it, and Docker lost it (`docker network prune`). */
export type NetworkStep = { kind: "there" } | { kind: "make" } | { kind: "make-again"; networkId: string };

/** Decides it from what Dokploy answers. */
export function planNetwork(name: string, rows: readonly NetworkRow[], sync: NetworksToSync): NetworkStep {
  const lost = sync.missing.find((row) => row.name === name);
  if (sync.importable.some((network) => network.name === name)) return { kind: "there" };
  if (lost) return { kind: "make-again", networkId: lost.networkId };
  return rows.some((row) => row.name === name) ? { kind: "there" } : { kind: "make" };
}

const seen = new WeakMap<Dokploy, Map<string, Promise<void>>>();

/**
 * Makes a network of the server's Docker when it is not there. Within one update everybody who needs it shares one look, because Docker
 * before v25 makes two networks of one name when it is asked twice at once, and Compose refuses both. Does nothing on a server that cannot
 * make networks (before v0.30): there a deployment fails whose network is missing, and says the command.
 */
export function ensureNetwork(dokploy: Dokploy, name: string): Promise<void> {
  const known = seen.get(dokploy) ?? new Map<string, Promise<void>>();
  seen.set(dokploy, known);
  const looking = known.get(name) ?? make(dokploy, name);
  known.set(name, looking);
  looking.catch(() => known.delete(name));
  return looking;
}

/** Forgets what was seen: after a deployment that did not find its network. */
export function lookForNetworksAgain(dokploy: Dokploy): void {
  seen.delete(dokploy);
}

async function make(dokploy: Dokploy, name: string): Promise<void> {
  if (!makesNetworks(await dokploy.version())) return;
  const step = await look(dokploy, name);
  try {
    if (step.kind === "make") await dokploy.createNetwork(name);
    if (step.kind === "make-again") await dokploy.recreateNetwork(step.networkId);
  } catch (error) {
    // Another update, or a person, may have made it meanwhile; a missing answer says nothing.
    const asked = error instanceof DokployError && (error.kind === "validation" || error.ambiguous);
    if (!asked || (await look(dokploy, name)).kind !== "there") throw error;
  }
}

async function look(dokploy: Dokploy, name: string): Promise<NetworkStep> {
  const [rows, sync] = await Promise.all([dokploy.networkRows(), dokploy.networksToSync()]);
  return planNetwork(name, rows, sync);
}

/** The network that a deployment's log misses: in Compose's words, and in Docker's where it is a swarm manager. */
export function missingNetwork(log: readonly string[]): string | undefined {
  const words = [/network (\S+) declared as external, but could not be found/, /network (platform\S*) not found/];
  return log.flatMap((line) => words.flatMap((word) => word.exec(line)?.[1] ?? []))[0];
}

/** Removes a network that nobody is on any more, as far as Dokploy can. One that is in use, or that Dokploy has no row of, stays. */
export async function leaveNetwork(dokploy: Dokploy, name: string): Promise<void> {
  if (!makesNetworks(await dokploy.version())) return;
  const row = (await dokploy.networkRows()).find((network) => network.name === name);
  if (row === undefined) return;
  try {
    await dokploy.removeNetwork(row.networkId);
  } catch (error) {
    if (!(error instanceof DokployError) || !["validation", "not-found"].includes(error.kind)) throw error;
  }
}
