import { KEY } from "../dokploy/rules/observe.ts";
import { handMade } from "../dokploy/rules/plan.ts";
import { ServiceError } from "../dokploy/rules/service-error.ts";
import { mayDiffer } from "../dokploy/rules/writing.ts";
import { ANY_ROUTE } from "../dokploy/seen/left.ts";

/** What ends the name of a route that a person made in Dokploy. */
const BY_HAND = handMade("").slice("domains.".length);

/** Says whose a service is, and what was deployed last: never left out. */
const ALWAYS = ["owner", "deployment", "appName"];

/**
 * Parts of which digests differ, or that only one side has, without those that may. In order. Throws `config_invalid` where they are made
 * with different keys.
 */
export function differingParts(
  left: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  ignore: readonly string[] = [],
): string[] {
  if (left[KEY] !== now[KEY]) {
    const hint = "use the key of the last update, or deploy with the new one";
    throw new ServiceError("config_invalid", "PLATFORM_KEY is another one than at the last update", hint);
  }
  const names = new Set([...Object.keys(left), ...Object.keys(now)]);
  const parts = ignore.filter((part) => part !== ANY_ROUTE);
  const may = (part: string) => {
    if (ALWAYS.includes(part)) return false;
    const isByHand = part.endsWith(BY_HAND);
    if (isByHand && ignore.includes(ANY_ROUTE) && !(part in left)) return true;
    return mayDiffer(parts, isByHand ? part.slice(0, -BY_HAND.length) : part);
  };
  return [...names].filter((part) => left[part] !== now[part] && !may(part)).sort();
}
