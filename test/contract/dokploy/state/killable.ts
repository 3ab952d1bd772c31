import type { Dokploy } from "../../../../components/dokploy/api/client.ts";
import { Killed } from "../requests/small-engine.ts";

/**
 * A connection of a session that is killed at its n-th request: that request is carried out or not, nobody sees its answer, and
 * nothing is sent any more.
 */
export function killable(dokploy: Dokploy, requests: number, carriedOut: boolean): Dokploy {
  let left = requests;
  const guard =
    (call: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      left -= 1;
      if (left > 0) return call(...args);
      if (left === 0 && carriedOut) await call(...args).catch(() => undefined);
      throw new Killed("killed");
    };
  return Object.fromEntries(
    Object.entries(dokploy).map(([name, value]) => [name, typeof value === "function" ? guard(value) : value]),
  ) as unknown as Dokploy;
}
