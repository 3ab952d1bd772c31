import { ANY_ROUTE } from "../dokploy/left.ts";
import { handMade } from "../dokploy/rules/plan.ts";

/** Parts of which digests differ, or that only one side has, without those that may: `env.X`, or all of a section. In order. */
export function differingParts(
  left: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  ignore: readonly string[] = [],
): string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(now)]);
  const mayComeAndGo = (part: string) =>
    ignore.includes(ANY_ROUTE) && !(part in left) && part.endsWith(handMade("").slice("domains.".length));
  return [...names]
    .filter((part) => left[part] !== now[part] && !isIgnored(part, ignore) && !mayComeAndGo(part))
    .sort();
}

/** What says whose a service is, and whether it was deployed, is never left out. */
const ALWAYS = ["owner", "deployment", "appName"];

/** Whether a part is named, or the section that it is in. A route that a person made is named like any. */
function isIgnored(part: string, ignore: readonly string[]): boolean {
  if (ALWAYS.includes(part)) return false;
  const [section = ""] = part.split(".", 1);
  return ignore.some((each) => each === part || each === section || handMadeOf(each) === part);
}

function handMadeOf(part: string): string | undefined {
  return part.startsWith("domains.") ? handMade(part.slice("domains.".length)) : undefined;
}
