import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "semver";
import { type Lock, type LockEntry, parentOf } from "./assess-lock.ts";

/** What packages may be limited to. */
export interface Platform {
  os: string;
  cpu: string;
  /** `glibc` or `musl`; undefined when it is not known. */
  libc: string | undefined;
}

/** This process's platform. */
export function readPlatform(): Platform {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  // A report asks the name server about every connection otherwise.
  report.excludeNetwork = true;
  const { header, sharedObjects = [] } = report.getReport() as {
    header: { glibcVersionRuntime?: string };
    sharedObjects?: string[];
  };
  const isMusl = sharedObjects.some((file) => /libc\.musl-|ld-musl-/.test(file));
  const libc = header.glibcVersionRuntime ? "glibc" : isMusl ? "musl" : undefined;
  return { os: process.platform, cpu: process.arch, libc };
}

/**
 * Places of the packages that an installation without development tools must have: what the project needs, what that needs, and so
 * on. What is optional is left out where it does not run, with what needs it.
 */
export function expectedPackages(packages: Lock["packages"], platform: Platform): string[] {
  const excluded = findExcluded(packages, platform);
  const found = new Set<string>();
  const open = [""];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const entry = packages[place] ?? {};
    const wished = wishes(place, entry, packages).filter((next) => !excluded.has(next));
    for (const next of [...needs(place, entry, packages), ...wished]) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return [...found].sort();
}

/** Packages that do not run here, and those that need one: an optional package is dropped with all of them. */
function findExcluded(packages: Lock["packages"], platform: Platform): Set<string> {
  const all = Object.entries(packages).filter(([place]) => place !== "");
  const excluded = new Set(all.filter(([, entry]) => !suits(entry, platform)).map(([place]) => place));
  const needed = all.map(([place, entry]) => [place, needs(place, entry, packages)] as const);
  for (let before = -1; excluded.size !== before; ) {
    before = excluded.size;
    for (const [place, others] of needed) if (others.some((other) => excluded.has(other))) excluded.add(place);
  }
  return excluded;
}

/** Which of the packages that must be there are not, or are other ones, or in another version. */
export async function findMissing(modules: string, packages: Lock["packages"], platform: Platform): Promise<string[]> {
  const places = expectedPackages(packages, platform);
  if (places.length === 0) return [];
  const installed = (await readJson(join(modules, ".package-lock.json")))?.packages as Lock["packages"] | undefined;
  const areThere = await Promise.all(
    places.map(async (place) => {
      const entry = packages[place] as LockEntry;
      const own = await readJson(join(modules, place.slice("node_modules/".length), "package.json"));
      return isSame(entry, installed?.[place]) && isPackage(own, nameOf(place, entry), entry.version);
    }),
  );
  return places.filter((_, index) => !areThere[index]);
}

function isSame(entry: LockEntry, installed: LockEntry | undefined): boolean {
  if (!installed) return false;
  // What was to come in another package's tarball and was fetched by itself has no checksum to be compared with.
  const isFetched = entry.integrity === undefined && installed.resolved !== undefined;
  return !isFetched && entry.version === installed.version && entry.integrity === installed.integrity;
}

function isPackage(own: LockEntry | undefined, name: string, version: unknown): boolean {
  if (own?.name !== name) return false;
  return own.version === version || (toVersion(own.version) ?? "") === toVersion(version);
}

/** npm writes ` v1.0` of a package as 1.0 into locks. */
function toVersion(value: unknown): string | null {
  return typeof value === "string" ? clean(value, { loose: true }) : null;
}

function nameOf(place: string, entry: LockEntry): string {
  const last = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  return typeof entry.name === "string" ? entry.name : last;
}

/** What does not work without: `dependencies` (those that are not in `optionalDependencies` as well), and what it is plugged into. */
function needs(place: string, entry: LockEntry, packages: Lock["packages"]): string[] {
  const meta = toRecord(entry.peerDependenciesMeta);
  const optional = toRecord(entry.optionalDependencies);
  const peers = Object.keys(toRecord(entry.peerDependencies)).filter((name) => !toRecord(meta[name]).optional);
  const names = Object.keys(toRecord(entry.dependencies)).filter((name) => !(name in optional));
  return [...names, ...peers].flatMap((name) => findPlace(place, name, packages) ?? []);
}

function wishes(place: string, entry: LockEntry, packages: Lock["packages"]): string[] {
  return Object.keys(toRecord(entry.optionalDependencies)).flatMap((name) => findPlace(place, name, packages) ?? []);
}

/** Where Node finds a package from another: https://nodejs.org/api/modules.html#loading-from-node_modules-folders */
function findPlace(from: string, name: string, packages: Lock["packages"]): string | undefined {
  for (let at: string | undefined = from; at !== undefined; at = parentOf(at) ?? (at === "" ? undefined : "")) {
    const place = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (Object.hasOwn(packages, place)) return place;
  }
  return undefined;
}

/** As npm compares: https://github.com/npm/npm-install-checks/blob/main/lib/index.js */
function suits(entry: LockEntry, { os, cpu, libc }: Platform): boolean {
  return isListed(os, entry.os) && isListed(cpu, entry.cpu) && isListed(libc, entry.libc);
}

function isListed(value: string | undefined, list: unknown): boolean {
  if (list === undefined) return true;
  const words = [list].flat().filter((word) => typeof word === "string");
  if (words.length === 1 && words[0] === "any") return true;
  if (value === undefined || words.includes(`!${value}`)) return false;
  return words.includes(value) || words.every((word) => word.startsWith("!"));
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

async function readJson(file: string): Promise<LockEntry | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return toRecord(value);
  } catch {
    return undefined;
  }
}
