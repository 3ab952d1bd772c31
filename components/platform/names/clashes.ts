import type { MadeName, NameSpace } from "./name.ts";

/** One name that is made more than once. */
export interface Clash {
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
