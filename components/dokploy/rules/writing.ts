import { createHmac } from "node:crypto";
import { routeOf } from "./domains.ts";
import { sorted, unixLines } from "./fingerprint.ts";
import type { Settings } from "./settings.ts";

/**
 * Digests of what an update of ours writes into a record, part by part. They stand in the record's marker and are written together
 * with it: so what an update wrote before it was cut off is told from what a person wrote.
 */
export interface Written {
  text: string;
  env: string;
  /** Name and settings. */
  settings: string;
  /** By route. */
  domains: Record<string, string>;
  /** Parts that might differ: they are in none of the digests above. Absent where there were none. */
  ignore?: string[];
  /** What the program said of each of these, by part. */
  said?: Record<string, string>;
}

/** A record, live or wanted, as far as we write it. */
export interface Content {
  name: string;
  composeFile: string;
  env: Record<string, string>;
  domains: readonly { host: string; path: string }[];
  settings: Settings;
}

/** Sections, of which all may differ that is below them. */
const SECTIONS = ["env", "settings", "domains"];

/** Whether `ignore` (`platform:drift`) names a part of a record, by the name that `drift` has for it. */
export function mayDiffer(ignore: readonly string[] | undefined, part: string): boolean {
  if (ignore === undefined) return false;
  const name = part.replace(/ \(.*\)$/s, "");
  const [section = ""] = name.split(".", 1);
  return ignore.includes(name) || (SECTIONS.includes(section) && ignore.includes(section));
}

/** Every part of a record, by the name that `drift` has for it, with its value as a text that only equal values share. */
export function partsOf({ name, composeFile, env, domains, settings }: Content): ReadonlyMap<string, string> {
  const routes = Map.groupBy(domains, routeOf);
  return new Map([
    ["name", name],
    ["composeFile", unixLines(composeFile)],
    ...Object.entries(env).map(([variable, value]): [string, string] => [`env.${variable}`, value]),
    ...Object.entries(settings).map(([each, value]): [string, string] => [`settings.${each}`, JSON.stringify(value)]),
    ...[...routes].map(([route, rows]): [string, string] => [`domains.${route}`, rows.map(sorted).sort().join()]),
  ]);
}

/** Parts that two records do not share, by name. */
export function differingParts(one: Content, other: Content): string[] {
  const [a, b] = [partsOf(one), partsOf(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((part) => a.get(part) !== b.get(part)).sort();
}

/** What must not differ. */
function without({ name, composeFile, env, domains, settings }: Content, ignore: readonly string[]): Content {
  const keep = <V>(section: string, values: Record<string, V>) =>
    Object.fromEntries(Object.entries(values).filter(([each]) => !mayDiffer(ignore, `${section}.${each}`)));
  return {
    name: mayDiffer(ignore, "name") ? "" : name,
    composeFile: mayDiffer(ignore, "composeFile") ? "" : composeFile,
    env: keep("env", env),
    domains: domains.filter((domain) => !mayDiffer(ignore, `domains.${routeOf(domain)}`)),
    settings: keep("settings", { ...settings }) as unknown as Settings,
  };
}

/** Undefined without PLATFORM_KEY: a bare hash could be guessed from. */
export function digestParts(
  all: Content,
  key: Buffer | undefined,
  ignore: readonly string[] = [],
): Written | undefined {
  if (key === undefined) return undefined;
  const content = without(all, ignore);
  const digest = (part: string, text: string) =>
    createHmac("sha256", key)
      .update(JSON.stringify(["written", part, text]))
      .digest("hex")
      .slice(0, 16);
  const said = [...partsOf(all)].flatMap(([part, value]) =>
    mayDiffer(ignore, part) ? [[part, digest(part, value)] as const] : [],
  );
  return {
    text: digest("text", unixLines(content.composeFile)),
    env: digest("env", sorted(content.env)),
    settings: digest("settings", JSON.stringify([content.name, sorted(content.settings)])),
    domains: Object.fromEntries(
      content.domains.map((domain) => [routeOf(domain), digest("domain", sorted(domain))]).sort(),
    ),
    ...(ignore.length > 0 && { ignore: [...ignore], said: Object.fromEntries(said) }),
  };
}

/** Reads the digests out of a marker; undefined for what we do not know. */
export function parseWritten(value: unknown): Written | undefined {
  const { text, env, settings, domains, ignore = [], said = {} } = (value ?? {}) as Record<string, unknown>;
  const areTexts = (each: unknown) =>
    typeof each === "object" && each !== null && Object.values(each).every((one) => typeof one === "string");
  const known = areTexts([text, env, settings]) && areTexts(domains) && Array.isArray(ignore) && areTexts(ignore);
  return known && areTexts(said) ? (value as Written) : undefined;
}

/**
 * Whether what differs under a key (`composeFile`, `env.X`, `settings.command`, `domains.<route>`) was written by an update of ours.
 * `written` is what the marker says of its last one, `live` what is there, both without the same parts.
 */
export function wroteIt(key: string, written: Written | undefined, live: Written | undefined): boolean {
  if (written === undefined || live === undefined) return false;
  // What is not there was taken away by it when it does not say it either.
  if (mayDiffer(written.ignore, key)) return written.said?.[key] === live.said?.[key];
  const [part = "", ...rest] = key.split(".");
  if (part === "composeFile") return written.text === live.text;
  if (part === "env") return written.env === live.env;
  if (part === "settings" || part === "name") return written.settings === live.settings;
  const route = rest.join(".");
  return part === "domains" && written.domains[route] === live.domains[route];
}
