import { ownService, parseMarker } from "../../../components/dokploy/api/marker.ts";
import type { ComposeRecord } from "../../../components/dokploy/api/schema.ts";
import type { Owner } from "../../../components/dokploy/rules/inputs.ts";

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

type Found = Pick<ComposeRecord, "composeId" | "name" | "description">;

/**
 * Pairs the services of a stack with what its environment on Dokploy has: by the state (`known`: service → id) or our
 * marker, else by name. Pure.
 */
export function pairServices(
  services: string[],
  live: Found[],
  owner: Owner,
  known: ReadonlyMap<string, string> = new Map(),
): Pairing[] {
  const marked = services.map((service) =>
    live.filter(
      (compose) => known.get(service) === compose.composeId || ownService(compose.description, owner) === service,
    ),
  );
  const free = live.filter((compose) => !marked.flat().includes(compose));
  const strangers = free.filter(({ name }) => !services.includes(name));
  const paired = services.map((service, index): Pairing => {
    const ours = marked[index] ?? [];
    const found = ours.length > 0 ? ours : free.filter(({ name }) => name === service);
    const composeIds = found.map(({ composeId }) => composeId);
    const [only] = found;
    if (found.length > 1) return { service, kind: "ambiguous", composeIds };
    if (only && ours.length > 0) return { service, kind: "ours", composeIds };
    if (only) return { service, kind: "adopt", composeIds, ...hinted(whoseIs(only)) };
    return { service, kind: "new", composeIds, ...hinted(suggest(service, strangers)) };
  });
  const rest = strangers.map(
    ({ name, composeId }): Pairing => ({ service: name, kind: "stranger", composeIds: [composeId] }),
  );
  return [...paired, ...rest];
}

function hinted(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** Something that another platform marked is taken over only by somebody who knows it. */
function whoseIs({ description }: Found): string | undefined {
  const marker = parseMarker(description);
  return (
    marker && `another platform marked it as ${marker.project}/${marker.stack}: nobody may update it there any more`
  );
}

function suggest(service: string, strangers: Found[]): string | undefined {
  const near = strangers.filter(({ name }) => name.split(/[^a-z0-9]+/i).includes(service));
  if (near.length === 0) return undefined;
  return `is it ${near.map(({ name }) => name).join(" or ")}? Rename it to ${service} in Dokploy: nothing restarts`;
}
