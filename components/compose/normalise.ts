import type { Context } from "./context.ts";
import type { ComposeFile, ComposeService, ComposeVolume, Dependency, ListOrMap, Scalar } from "./model.ts";
import type { Source } from "./parse.ts";
import type { Path, Report } from "./problem.ts";
import { escapeDollars } from "./variables.ts";
import { mapStrings } from "./walk.ts";

type Given = Pick<Context, "source" | "seen" | "variables" | "report">;

/** What `normalise` leaves: one form of each construct that the later steps look at. */
export interface PlainFile extends ComposeFile {
  services: Record<string, PlainService>;
}

export interface PlainService extends ComposeService {
  environment: string[];
  labels: string[];
  depends_on: Record<string, Dependency>;
}

/** Fields in which names of other parts of the file stand: written as Compose sees them, because those parts are renamed. */
const REFERENCES = ["network_mode", "pid", "ipc", "secrets", "configs"] as const;

/**
 * Brings `environment` and `labels` to sorted lists and `depends_on` to a map, and drops `x-…`, `version`, `name` and what says no more
 * than Compose's defaults. Lists, because as map values Dokploy's YAML round trip alters dates, `1_000`, `0b101` and the like.
 */
export function normalise(compose: ComposeFile, { source, seen, variables, report }: Given): PlainFile {
  const services = Object.entries(compose.services).map(([key, service]) => {
    const path = ["services", key];
    const sight = seen.services[key] ?? {};
    const plain: PlainService = {
      ...withoutExtensions(service),
      ...references(service, sight),
      environment: toList(service.environment, [...path, "environment"], source, report).map((entry) =>
        withValue(entry, variables),
      ),
      labels: toList(service.labels, [...path, "labels"], source, report),
      depends_on: toDependencies(sight.depends_on),
    };
    return [key, plain];
  });
  const { version: _version, name: _name, ...rest } = withoutExtensions(compose);
  const volumes = Object.entries(compose.volumes ?? {}).map(([key, volume]) => [key, withoutDefaults(volume)]);
  return {
    ...rest,
    ...(compose.volumes && { volumes: Object.fromEntries(volumes) }),
    services: Object.fromEntries(services),
  };
}

function references(service: ComposeService, sight: ComposeService): Partial<ComposeService> {
  const given = REFERENCES.filter((field) => service[field] !== undefined);
  return Object.fromEntries(given.map((field) => [field, mapStrings(sight[field], escapeDollars)]));
}

/** A name without a value gets one from the server's env; those that are known here do not stand there. */
function withValue(entry: string, variables: Readonly<Record<string, string>>): string {
  const value = entry.includes("=") ? undefined : variables[entry];
  return value === undefined ? entry : `${entry}=${escapeDollars(value)}`;
}

/** `driver: local` without options is what a volume has anyway, but Compose would take it for another definition. */
function withoutDefaults(volume: ComposeVolume | null): ComposeVolume | null {
  if (volume === null) return null;
  const { driver, driver_opts: options, labels, external, ...rest } = withoutExtensions(volume);
  const isEmpty = (part: object | undefined) => part === undefined || part === null || Object.keys(part).length === 0;
  return {
    ...rest,
    ...(external === undefined || String(external) === "false" ? {} : { external }),
    ...(driver === undefined || (driver === "local" && isEmpty(options)) ? {} : { driver }),
    ...(isEmpty(options) ? {} : { driver_opts: options }),
    ...(isEmpty(labels) ? {} : { labels }),
  };
}

function withoutExtensions<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-"))) as T;
}

function toList(entries: ListOrMap | undefined, path: Path, source: Source, report: Report): string[] {
  if (!entries) return [];
  if (!Array.isArray(entries)) {
    return Object.entries(entries)
      .map(([key, value]) => {
        // Compose does not look for variables in keys, but in the entries of a list.
        const name = escapeDollars(key);
        return value === null ? name : `${name}=${scalarText(value, source.typed([...path, key]))}`;
      })
      .sort(compareKeys);
  }
  const known = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const key = keyOf(entry);
    if ((known.get(key) ?? entry) !== entry) report([...path, index], `\`${key}\` is set twice`, "keep one of them");
    known.set(key, entry);
  }
  return [...known.values()].sort(compareKeys);
}

/** Numbers as they were typed: `1.10` is no `1.1`. */
function scalarText(value: Scalar, typed: string | undefined): string {
  return typeof value === "number" ? (typed ?? String(value)) : String(value);
}

/** The key of a `KEY=value` entry. */
export function keyOf(entry: string): string {
  return entry.split("=", 1)[0] ?? entry;
}

function compareKeys(a: string, b: string): number {
  return keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0;
}

function toDependencies(dependencies: ComposeService["depends_on"]): Record<string, Dependency> {
  if (!Array.isArray(dependencies)) return dependencies ?? {};
  return Object.fromEntries(dependencies.map((name) => [name, { condition: "service_started" }]));
}
