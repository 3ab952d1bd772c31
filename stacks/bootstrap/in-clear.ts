import type { Problem } from "../../components/compose/problem.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";

/** What the runner's container reaches without encryption. */
export interface InClear {
  /** Its ALLOW_INSECURE; empty when it needs none. */
  allowed: string;
  /** What people should know of it. */
  note?: string;
  problems: Problem[];
}

/**
 * Decides which hosts the runner's container may reach in clear, from the addresses that it gets, by variable. Those that are allowed,
 * and names without a dot: only a Docker network knows those. `own` is what its config says, `allowed` what laptop and config say
 * together; of the laptop's hosts the container gets those that it needs, or another laptop would restart it. Pure.
 */
export function planInClear(
  addresses: Readonly<Record<string, string | undefined>>,
  { own, allowed }: { own: string | undefined; allowed: string },
): InClear {
  const problems: Problem[] = [];
  const needed: string[] = [];
  for (const [file, address = ""] of Object.entries(addresses)) {
    const host = findInsecure(address, []);
    if (host === undefined) continue;
    const isNamed = findInsecure(address, allowedHosts({ ALLOW_INSECURE: allowed })) === undefined;
    if (isNamed || /^[\w-]+$/.test(host)) needed.push(host);
    else problems.push({ file, ...explainInsecure(host) });
  }
  const hosts = [...new Set(needed)];
  const note =
    hosts.length > 0
      ? `The runner reaches ${hosts.join(" and ")} without encryption: nobody else may listen on that network.`
      : undefined;
  return { allowed: joinHosts([own, ...hosts]), problems, ...(note !== undefined && { note }) };
}

/** Lists of hosts as one, each host once. */
export function joinHosts(lists: readonly (string | undefined)[]): string {
  const hosts = lists.flatMap((list) => (list ?? "").split(",")).map((host) => host.trim());
  return [...new Set(hosts.filter(Boolean))].join(",");
}
