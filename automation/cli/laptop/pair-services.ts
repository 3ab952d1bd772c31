import { type LiveCompose, readMarker } from "./dokploy.ts";

/** A service of the stack, or a Compose project on Dokploy, and what it is to the other side. */
export interface Pairing {
  service: string;
  /**
   * `ours`: made by this platform · `adopt`: somebody else's of this name, to be taken over · `new`: only in the stack ·
   * `ambiguous`: several of this name · `stranger`: only on Dokploy.
   */
  kind: "ours" | "adopt" | "new" | "ambiguous" | "stranger";
  composeIds: string[];
  hint?: string;
}

/** Pairs the services of a stack with what its environment on Dokploy has, by name. Pure. */
export function pairServices(
  services: string[],
  live: LiveCompose[],
  owner: { project: string; stack: string },
): Pairing[] {
  const isOurs = (compose: LiveCompose) => {
    const marker = readMarker(compose);
    return marker?.project === owner.project && marker.stack === owner.stack;
  };
  const strangers = live.filter(({ name }) => !services.includes(name));
  const paired = services.map((service): Pairing => {
    const found = live.filter(({ name }) => name === service);
    const composeIds = found.map(({ composeId }) => composeId);
    if (found.length > 1) return { service, kind: "ambiguous", composeIds };
    const [only] = found;
    if (only) return { service, kind: isOurs(only) ? "ours" : "adopt", composeIds };
    const near = strangers.filter(({ name }) => name.split(/[^a-z0-9]+/i).includes(service));
    const hint = `is it ${near.map(({ name }) => name).join(" or ")}? Rename it to ${service} in Dokploy: nothing restarts`;
    return { service, kind: "new", composeIds, ...(near.length > 0 ? { hint } : {}) };
  });
  const rest = strangers.map(
    ({ name, composeId }): Pairing => ({ service: name, kind: "stranger", composeIds: [composeId] }),
  );
  return [...paired, ...rest];
}
