import { ownedBy, parseMarker, parseWrote } from "../api/marker.ts";
import type { ComposeRecord } from "../api/schema.ts";
import { isRecord } from "../api/sections.ts";
import { routeOf } from "./domains.ts";
import type { ComposeInputs } from "./inputs.ts";
import type { ComposeOutputs } from "./outputs.ts";
import { needsDeployment, type Settings } from "./settings.ts";
import { type Content, digestParts, mayDiffer, partsOf } from "./writing.ts";

/** What a program says of a service, with its settings. */
interface Wanted {
  wanted: ComposeInputs;
  settings: Settings;
}

/** What an update left that did not bring anything before. */
const WHOLE = ["new", "taken over"];

/**
 * Parts that may differ and that an update brings all the same, because the program changed them: from what the state says that it said
 * before. A difference that the state knows to be made by hand is none of these. Empty where nothing may differ.
 */
export function changedByProgram(previous: ComposeOutputs, { wanted, settings }: Wanted): ReadonlySet<string> {
  if (wanted.ignore === undefined) return new Set();
  const before = partsOf(previous);
  const after = partsOf({ ...known(wanted), settings });
  const unfinished = previous.unfinished ?? [];
  const isNew = unfinished.some((entry) => WHOLE.includes(entry));
  const changed = [...before.keys(), ...after.keys()].filter((part) => {
    if (isNew) return after.has(part);
    // A setting that an older release's state does not have is not known, and so did not change.
    if (part.startsWith("settings.") && !before.has(part)) return false;
    return before.get(part) !== after.get(part) && !previous.drift.includes(part);
  });
  return new Set([...changed, ...unfinished].filter((part) => mayDiffer(wanted.ignore, part)));
}

/**
 * The same for a record that the state does not know: what the update said that wrote it stands in its marker. All that the program says
 * of one that is not ours, or that never was deployed to the end.
 */
export function changedSinceMarked(
  record: ComposeRecord,
  { wanted, settings }: Wanted,
  key: Buffer | undefined,
): ReadonlySet<string> {
  if (wanted.ignore === undefined) return new Set();
  const isOurs = ownedBy(parseMarker(record.description), wanted.owner);
  const wasDeployed = record.deployments.some(({ status }) => status === "done");
  const said = (isOurs && wasDeployed && parseWrote(record.description)?.said) || {};
  const says = digestParts({ ...wanted, settings }, key, wanted.ignore)?.said;
  const names = [...partsOf({ ...wanted, settings }).keys(), ...Object.keys(said)];
  return new Set(names.filter((part) => mayDiffer(wanted.ignore, part) && (!says || said[part] !== says[part])));
}

/** Without what a preview does not know yet. */
function known(wanted: ComposeInputs): ComposeInputs {
  const [env, domains] = [wanted.env, wanted.domains] as unknown[];
  return {
    ...wanted,
    env: isRecord(env) ? wanted.env : {},
    domains: Array.isArray(domains) ? wanted.domains.filter(isRecord) : [],
  };
}

/** Which parts an update leaves as they are live. */
export function staying(ignore: readonly string[] | undefined, brought: ReadonlySet<string>) {
  return (part: string): boolean => mayDiffer(ignore, part) && !brought.has(part);
}

/** A live record as if the parts that are `left` alone were as the state has them. */
export function settle<D extends { host: string; path: string }>(
  live: Content & { domains: readonly D[] },
  olds: Content & { domains: readonly D[] },
  left: ReadonlySet<string>,
): Content & { domains: D[] } {
  const pick = <V>(section: string, from: Record<string, V>, isLeft: boolean) =>
    Object.entries(from).filter(([name]) => left.has(`${section}.${name}`) === isLeft);
  const mix = <V>(section: string, seen: Record<string, V>, stated: Record<string, V>) =>
    Object.fromEntries([...pick(section, seen, false), ...pick(section, stated, true)]);
  return {
    name: left.has("name") ? olds.name : live.name,
    composeFile: left.has("composeFile") ? olds.composeFile : live.composeFile,
    env: mix("env", live.env, olds.env),
    settings: mix("settings", { ...live.settings }, { ...olds.settings }) as unknown as Settings,
    domains: mixDomains(live.domains, olds.domains, (domain) => left.has(`domains.${routeOf(domain)}`)),
  };
}

/** In the order of the state, which is the program's; what else is there comes after it. */
function mixDomains<D extends { host: string; path: string }>(
  live: readonly D[],
  olds: readonly D[],
  isLeft: (domain: D) => boolean,
): D[] {
  const rest = live.filter((domain) => !isLeft(domain));
  const stated = olds.flatMap((domain) => {
    if (isLeft(domain)) return [domain];
    const index = rest.findIndex((each) => routeOf(each) === routeOf(domain));
    return index < 0 ? [] : rest.splice(index, 1);
  });
  return [...stated, ...rest];
}

/** What a service keeps that somebody changed by hand. Names only: what is there is nobody's to show. */
export function printKept(service: string, parts: readonly string[]): string {
  return `${service} has ${parts.join(", ")} changed by hand, and keeps it (platform:drift)`;
}

/** Whether what is in a part reaches the containers, with the next deployment. */
export function reachesContainers(part: string): boolean {
  const [section, setting = ""] = part.split(".");
  return section === "settings" ? needsDeployment(setting as keyof Settings) : section !== "name";
}
