import type { Problem } from "../../compose/problem.ts";
import type { MadeName, NameKind, NameSpace } from "./name.ts";

/** What happens when nobody looks, and what to do. The newer one: data and addresses of what runs hang on its names. */
const WORDS: Record<NameKind, { danger: string; rename: string }> = {
  container: { danger: "Docker starts only one of them", rename: "rename the newer service or container" },
  "host name": { danger: "each gets some of the requests", rename: "give the newer one another `hostname`" },
  volume: { danger: "both would write to the same data", rename: "rename the newer service or the key of its volume" },
  network: { danger: "both would be on one network", rename: "give the newer stack another `platform:suffix`" },
  "port of the host": { danger: "only the first would start", rename: "set another one for the newer" },
  route: {
    danger: "requests would go to one of them at random",
    rename: "give the newer one another `host` or `path`",
  },
  "Dokploy environment": { danger: "both would be one on Dokploy", rename: "rename the newer stack" },
  "Dokploy service": { danger: "both would be one on Dokploy", rename: "rename the newer service" },
  "Vault role": { danger: "each could read the other's secrets", rename: "rename the newer service or stack" },
  "secret in Vault": { danger: "both would have the same value", rename: "rename the newer secret" },
  resource: { danger: "the engine refuses it", rename: "rename the newer service or secret" },
};

/** A problem for every name that a stack makes twice. */
export function explainClashes(own: readonly MadeName[]): Problem[] {
  return explainAll(own, findClashes(own));
}

/**
 * A problem for every name of a stack that one of `others` makes as well. Where two have the same suffix on one server, all of their
 * names there are the same, and only the suffix is told.
 */
export function explainClashesWith(others: readonly MadeName[], own: readonly MadeName[]): Problem[] {
  const ours = new Set(own);
  const between = findClashes([...own, ...others]).filter(
    ({ makers }) => makers.some((maker) => ours.has(maker)) && !makers.every((maker) => ours.has(maker)),
  );
  const suffixes = between.filter(isSuffix);
  const same = new Set(suffixes.flatMap(({ makers }) => makers.map(({ stack }) => stack)));
  return explainAll(own, [...suffixes, ...between.filter((clash) => !isSuffix(clash) && !follows(clash, same))]);
}

function explainAll(own: readonly MadeName[], clashes: readonly Clash[]): Problem[] {
  const ours = new Set(own);
  const containers = new Set(clashes.filter(({ kind }) => kind === "container").map(({ name }) => name));
  return clashes
    .filter(({ kind, name }) => kind !== "host name" || !containers.has(name))
    .map((clash) => explain(clash, ours));
}

/** Whether two stacks have the same suffix on one server. */
function isSuffix({ kind, makers }: Clash): boolean {
  return kind === "network" && makers.every(({ service }) => service === "");
}

/** Whether one and the same thing has the name in several stacks, all of them with the same suffix. */
function follows({ kind, makers }: Clash, same: ReadonlySet<string>): boolean {
  if (kind === "Vault role") return false;
  const things = new Set(makers.map(({ service, what }) => `${service} ${what}`));
  return things.size === 1 && makers.every(({ stack }) => same.has(stack));
}

/** Told at the last of our own, with the places of all others. */
function explain({ kind, name, makers }: Clash, ours: ReadonlySet<MadeName>): Problem {
  const at = makers.findLast((maker) => ours.has(maker)) as MadeName;
  const rest = makers.filter((maker) => maker !== at);
  const { danger, rename } = WORDS[kind];
  const message = `${kind} \`${name}\` is ${kind === "port of the host" ? "taken" : "made"} ${makers.length === 2 ? "twice" : `${makers.length} times`}: by ${print(at, at)}, and by ${rest.map((maker) => `${print(maker, at)} (${printPlace(maker)})`).join(", ")}`;
  return { ...at.place, message, hint: `${danger}: ${rename}` };
}

function print({ stack, service, what }: MadeName, at: MadeName): string {
  const whose = service === "" ? `stack ${stack}` : stack === at.stack ? service : `${service} of stack ${stack}`;
  return `${what} of ${whose}`;
}

function printPlace({ place: { file, line, column } }: MadeName): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** One name that is made more than once. */
interface Clash {
  kind: MadeName["kind"];
  name: string;
  /** Two at least, in the order in which they came. */
  makers: MadeName[];
}

/** Finds every name that is made twice within one space. */
export function findClashes(names: readonly MadeName[]): Clash[] {
  const groups = Map.groupBy(names, ({ kind, network = "", name }) => JSON.stringify([kind, network, name]));
  return [...groups.values()].flatMap((group): Clash[] => {
    const makers = group.filter((one) => group.some((other) => one !== other && clash(one, other)));
    const [first] = makers;
    return first ? [{ kind: first.kind, name: first.name, makers }] : [];
  });
}

function clash(one: MadeName, other: MadeName): boolean {
  // Containers of one service may answer to one name: each then gets a part of the requests.
  const siblings = one.kind === "host name" && one.stack === other.stack && one.service === other.service;
  return !siblings && meet(one.space, other.space);
}

/** Whether two places may be the same one. */
function meet(one: NameSpace, other: NameSpace): boolean {
  return one === "unknown" || other === "unknown" || one.some((address) => other.includes(address));
}
