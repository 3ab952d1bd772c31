import type { Problem } from "../compose/problem.ts";
import type { Prepared } from "../compose/render.ts";
import type { Draft } from "./draft.ts";

/** A draft whose compose file is ready but for its networks. */
export interface PreparedDraft extends Draft {
  prepared: Prepared;
}

/**
 * Which containers of each service join the environment's network. All others see their siblings only. The rules, of which any is enough:
 *
 * 1. where the definition says `joins`, exactly those;
 * 2. who uses a secret that the service borrows, and who names a container of another service by its full name;
 * 3. the container that is named like its service, or the only one, when the service needs another, is needed, or shares a secret;
 * 4. a container that a service which needs this one names by its full name;
 * 5. all, where the service is one of rule 3 and nothing above says which of them it is.
 */
export function planNetworks(drafts: readonly PreparedDraft[]): Map<string, string[]> {
  const calls = callsBetween(drafts);
  return new Map(drafts.map((draft) => [draft.service.name, joinsOf(draft, drafts, calls)]));
}

/** One container of a service that names one of another service by its full name. */
interface Calls {
  from: PreparedDraft;
  caller: string;
  to: PreparedDraft;
  called: string;
}

function joinsOf(draft: PreparedDraft, drafts: readonly PreparedDraft[], calls: readonly Calls[]): string[] {
  const containers = Object.keys(draft.prepared.containers);
  const { joins, borrows = {}, shares = [] } = draft.description;
  if (joins) return containers.filter((container) => joins.includes(container));
  const outgoing = calls.filter(({ from }) => from === draft);
  const incoming = calls.filter(({ to }) => to === draft);
  const related =
    shares.length > 0 ||
    outgoing.length > 0 ||
    incoming.length > 0 ||
    drafts.some(({ service, needs }) =>
      service === draft.service
        ? needs.some((need) => drafts.some((other) => other.service.name === need))
        : needs.includes(draft.service.name),
    );
  if (!related) return [];
  const joining = containers.filter(
    (container) =>
      container === mainOf(draft) ||
      draft.prepared.secretsOf[container]?.some((secret) => Object.hasOwn(borrows, secret)) ||
      outgoing.some(({ caller }) => caller === container) ||
      incoming.some(({ called }) => called === container),
  );
  return joining.length > 0 ? joining : containers;
}

/** The container that is named like its service, or the only one: by which others know the service. */
function mainOf({ service, prepared }: PreparedDraft): string | undefined {
  const containers = Object.keys(prepared.containers);
  return containers.length === 1 ? containers[0] : containers.find((container) => container === service.name);
}

/** Who names whom, as far as the named one is there for others. */
function callsBetween(drafts: readonly PreparedDraft[]): Calls[] {
  return mentionsBetween(drafts).filter((call) => mayCall(call));
}

function mentionsBetween(drafts: readonly PreparedDraft[]): Calls[] {
  const owners = new Map(
    drafts.flatMap((to) => Object.entries(to.prepared.containers).map(([called, full]) => [full, { to, called }])),
  );
  return drafts.flatMap((from) =>
    Object.entries(from.prepared.mentions).flatMap(([caller, names]) =>
      [...names].flatMap((name): Calls[] => {
        const named = owners.get(name);
        return named && named.to !== from ? [{ from, caller, ...named }] : [];
      }),
    ),
  );
}

/** A service may call those that it says it needs, and what any other has for all: its main container, or what it lets join. */
function mayCall({ from, to, called }: Calls): boolean {
  const { joins } = to.description;
  if (joins) return joins.includes(called);
  return from.needs.includes(to.service.name) || called === mainOf(to);
}

/** Names that lead to containers which only their siblings see, and containers in `joins` that are not there. */
export function checkNetworks(
  drafts: readonly PreparedDraft[],
  joins: ReadonlyMap<string, readonly string[]>,
): Problem[] {
  const wrong = drafts.flatMap(({ service, description, prepared }) => {
    const containers = Object.keys(prepared.containers);
    return (description.joins ?? [])
      .filter((container) => !containers.includes(container))
      .map((container) => ({
        file: `components/${service.name}/index.ts`,
        message: `container \`${container}\` in \`joins\` is not in compose.yaml`,
        hint: `there are ${containers.join(", ")}`,
      }));
  });
  const isJoined = ({ service }: PreparedDraft, container: string) => joins.get(service.name)?.includes(container);
  const unreachable = mentionsBetween(drafts).flatMap(({ from, caller, to, called }): Problem[] => {
    const [service, other] = [from.service.name, to.service.name];
    const file = `components/${service}/compose.yaml`;
    const message = `\`${caller}\` cannot reach \`${to.prepared.containers[called]}\``;
    if (to.prepared.networkOf[called] !== called) {
      const hint = "name the container whose network it is in";
      return [{ file, message: `${message}: it has no network of its own, so no name leads to it`, hint }];
    }
    if (!isJoined(to, called)) {
      const hint = to.description.joins
        ? `add \`${called}\` to \`joins\` of components/${other}/index.ts`
        : `add \`needs: ["${other}"]\` to components/${service}/index.ts`;
      return [{ file, message: `${message}: only its siblings in ${other} see it`, hint }];
    }
    if (isJoined(from, caller) || isJoined(from, from.prepared.networkOf[caller] ?? caller)) return [];
    const hint = `add \`${caller}\` to \`joins\` of components/${service}/index.ts`;
    return [{ file, message: `${message}: it is not on the environment's network`, hint }];
  });
  return [...wrong, ...unreachable];
}
