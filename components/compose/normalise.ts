import type { ComposeFile, ComposeService, Dependency, ListOrMap, Scalar } from "./model.ts";
import type { Source } from "./parse.ts";
import type { Path, Report } from "./problem.ts";

/** What `normalise` leaves: one form of each construct that the later steps look at. */
export interface PlainFile extends ComposeFile {
  services: Record<string, PlainService>;
}

export interface PlainService extends ComposeService {
  environment: string[];
  labels: string[];
  depends_on: Record<string, Dependency>;
}

/**
 * Brings `environment` and `labels` to sorted lists and `depends_on` to a map, and drops `x-…`, `version` and `name`.
 * Lists, because as map values Dokploy's YAML round trip alters dates, `1_000`, `0b101` and the like.
 */
export function normalise(compose: ComposeFile, source: Source, report: Report): PlainFile {
  const services = Object.entries(compose.services).map(([key, service]) => {
    const path = ["services", key];
    const plain: PlainService = {
      ...withoutExtensions(service),
      environment: toList(service.environment, [...path, "environment"], source, report),
      labels: toList(service.labels, [...path, "labels"], source, report),
      depends_on: toDependencies(service.depends_on),
    };
    return [key, plain];
  });
  const { version: _version, name: _name, ...rest } = withoutExtensions(compose);
  return { ...rest, services: Object.fromEntries(services) };
}

function withoutExtensions<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-"))) as T;
}

function toList(entries: ListOrMap | undefined, path: Path, source: Source, report: Report): string[] {
  if (!entries) return [];
  if (!Array.isArray(entries)) {
    return Object.entries(entries)
      .map(([key, value]) => (value === null ? key : `${key}=${scalarText(value, source.typed([...path, key]))}`))
      .sort(compareKeys);
  }
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const key = keyOf(entry);
    if (seen.has(key)) report([...path, index], `\`${key}\` is set twice`, "keep one of them");
    seen.add(key);
  }
  return [...entries].sort(compareKeys);
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
