import type { HostContainer, HostState } from "./host-state.ts";
import { conditionAt } from "./life.ts";

/** The containers that answer to a name when `from` looks it up: every running one with that alias on a shared network. */
export function resolveName(state: HostState, from: HostContainer, name: string, now: number): HostContainer[] {
  return [...state.containers.values()].filter((container) => {
    if (conditionAt(container.life, now).status !== "running") return false;
    return Object.entries(container.networks).some(
      ([network, aliases]) => network in from.networks && aliases.includes(name),
    );
  });
}
