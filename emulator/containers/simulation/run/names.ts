import { conditionAt } from "../pretend/life.ts";
import type { HostContainer, HostState } from "./host-state.ts";

/**
 * The containers that answer to a name when `from` looks it up. Docker's own order: first what the container's links say, then its
 * networks one after another, Dokploy's first (an overlay in a swarm, which Dokploy's Docker always is), the others by name. The first
 * network on which anybody has the name answers.
 */
export function resolveName(state: HostState, from: HostContainer, name: string, now: number): HostContainer[] {
  const networks = Object.keys(from.networks).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const target = from.links?.[name];
  for (const wanted of target === undefined ? [name] : [target, name]) {
    for (const network of networks) {
      const found = [...state.containers.values()].filter(
        (container) =>
          container.networks[network]?.includes(wanted) && conditionAt(container.life, now).status === "running",
      );
      if (found.length > 0) return found;
    }
  }
  return [];
}

function rank(network: string): number {
  return network === "dokploy-network" ? 0 : 1;
}
