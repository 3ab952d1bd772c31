import { valid } from "semver";
import { refuseTarball } from "./address.ts";

/** An entry of `packages` in a lock: https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
export type LockEntry = Readonly<Record<string, unknown>>;

/** A lock that was assessed: what npm gets is written from this and nothing else. */
export interface Lock {
  lockfileVersion: 2 | 3;
  /** By their place below the project; the project itself has the place "". */
  packages: Readonly<Record<string, LockEntry>>;
}

/** What comes of a lock. */
export type AssessedLock = { lock: Lock; problems?: never } | { lock?: never; problems: string[] };

/** Fields of a package that name others, each with what is wanted of it. */
export const DEPENDENCY_FIELDS = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
  "acceptDependencies",
];

/** What npm gets of an entry. It would take more for itself: `_resolved` where there is no `resolved`, for one. */
const ENTRY_FIELDS = [
  ...["name", "version", "resolved", "integrity", "inBundle", "dev", "optional", "devOptional", "peer"],
  ...[...DEPENDENCY_FIELDS, "peerDependenciesMeta", "bundleDependencies"],
  ...["engines", "os", "cpu", "libc", "bin", "deprecated", "license", "funding", "hasInstallScript"],
];

const NAME = String.raw`(?!node_modules(?:/|$))(?:@[\w~-][\w.~-]*/)?[\w~!'()*-][\w.~!'()*-]*`;
const PACKAGE = new RegExp(`^${NAME}$`);
const PLACE = new RegExp(`^node_modules/${NAME}(?:/node_modules/${NAME})*$`);

/** Bytes of the checksums that count: nobody has found two files with one of these. */
const CHECKSUMS: Record<string, number> = { sha256: 32, sha384: 48, sha512: 64 };

/**
 * Whether a lock names nothing but tarballs with checksums, each at an `https:` address (or `http:` on this machine), and puts them
 * nowhere but below `node_modules`. Whatever else npm can install (git repositories, folders, links, workspaces) would run a program,
 * read a file of the runner, or differ tomorrow. Every problem has the entry's name.
 */
export function assessLock(value: unknown): AssessedLock {
  if (!isRecord(value)) return { problems: ["package-lock.json is no object"] };
  const { lockfileVersion, packages } = value;
  if (lockfileVersion !== 2 && lockfileVersion !== 3) {
    return { problems: ["package-lock.json must have lockfileVersion 2 or 3: write it again with npm 7 or newer"] };
  }
  if (!isRecord(packages)) return { problems: ["package-lock.json has no `packages`"] };
  const problems = Object.entries(packages).flatMap(([place, entry]) => {
    const reasons = isRecord(entry) ? refuseEntry(place, entry, packages) : ["is no object"];
    return reasons.map((reason) => `${place === "" ? "the project itself" : show(place)} ${reason}`);
  });
  if (problems.length > 0) return { problems };
  const picked = Object.entries(packages).map(([place, entry]) => [
    place,
    pickFields(entry as LockEntry, ENTRY_FIELDS),
  ]);
  return { lock: { lockfileVersion, packages: Object.fromEntries(picked) } };
}

/** What of a release's package.json could have npm install something else than the lock says. */
export function assessManifest(value: unknown): string[] {
  if (!isRecord(value)) return ["package.json is no object"];
  const specs = refuseSpecs(value);
  return [...specs, ...refuseOverrides(value.overrides)].map((reason) => `package.json ${reason}`);
}

function refuseEntry(place: string, entry: LockEntry, packages: Record<string, unknown>): string[] {
  const specs = refuseSpecs(entry);
  if (place === "") return "workspaces" in entry ? ["has workspaces", ...specs] : specs;
  if (!PLACE.test(place)) return ["is not below node_modules", ...specs];
  if (entry.name !== undefined && !(typeof entry.name === "string" && PACKAGE.test(entry.name))) {
    return ["has a name that is none", ...specs];
  }
  if (entry.link) return ["is a link to a folder", ...specs];
  if (entry.hasShrinkwrap) return ["brings a lock of its own (npm-shrinkwrap.json)", ...specs];
  return [...refuseSource(place, entry, packages), ...specs];
}

function refuseSource(place: string, entry: LockEntry, packages: Record<string, unknown>): string[] {
  const { resolved, integrity, version } = entry;
  if (resolved === undefined && integrity === undefined && entry.inBundle === true) {
    // It comes in the tarball of a package above it, whose checksum counts for it.
    return isBundled(place, packages) ? [] : ["is said to be bundled, and no package above it bundles any"];
  }
  // npm asks the registry for this version (`omit-lockfile-registry-resolved`), and for anything else that stands in its place.
  const isRegistrys = resolved === undefined && typeof version === "string" && valid(version) === version;
  if (!isRegistrys && typeof resolved !== "string") return ["has neither an address (`resolved`) nor an exact version"];
  const refused = typeof resolved === "string" ? refuseTarball(resolved) : undefined;
  return refused ? [refused] : refuseIntegrity(integrity);
}

function isBundled(place: string, packages: Record<string, unknown>): boolean {
  for (let above = parentOf(place); above !== undefined; above = parentOf(above)) {
    const entry = packages[above];
    if (!isRecord(entry) || entry.integrity === undefined) continue;
    const bundles = entry.bundleDependencies;
    return bundles === true || (Array.isArray(bundles) && bundles.length > 0);
  }
  return false;
}

/** Place of the package that has this one in its own `node_modules`; undefined below the project. */
export function parentOf(place: string): string | undefined {
  const at = place.lastIndexOf("/node_modules/");
  return at < 0 ? undefined : place.slice(0, at);
}

function refuseIntegrity(integrity: unknown): string[] {
  if (integrity === undefined || integrity === "") return ["has no `integrity`"];
  if (typeof integrity !== "string") return ["has an `integrity` that is none"];
  const hashes = integrity.trim().split(/\s+/);
  return hashes.some(isChecksum) ? [] : ["has no `integrity` of sha256 or more"];
}

function isChecksum(hash: string): boolean {
  const [, algorithm, digest] = /^(sha\d+)-([A-Za-z0-9+/]+={0,2})$/.exec(hash) ?? [];
  const bytes = algorithm && Object.hasOwn(CHECKSUMS, algorithm) ? CHECKSUMS[algorithm] : undefined;
  return bytes !== undefined && digest !== undefined && Buffer.from(digest, "base64").length === bytes;
}

/** npm looks for what a lock lacks, so whatever anything asks for must be of a registry or a tarball as well. */
function refuseSpecs(of: LockEntry): string[] {
  return DEPENDENCY_FIELDS.flatMap((field) => {
    const specs = of[field];
    if (specs === undefined) return [];
    if (!isRecord(specs)) return [`has \`${field}\` that are no map`];
    return Object.entries(specs).flatMap(([name, spec]) => {
      if (!PACKAGE.test(name)) return [`has a name in \`${field}\` that is none`];
      const refused = refuseSpec(spec);
      return refused ? [`asks for ${name}, which ${refused}`] : [];
    });
  });
}

/** `overrides`: names and what is to be had instead, to any depth. */
function refuseOverrides(overrides: unknown): string[] {
  if (overrides === undefined) return [];
  if (!isRecord(overrides)) return ["has `overrides` that are no map"];
  return Object.entries(overrides).flatMap(([name, value]) => {
    if (isRecord(value)) return refuseOverrides(value);
    if (typeof value === "string" && value.startsWith("$")) return [];
    const refused = refuseSpec(value);
    return refused ? [`overrides ${show(name)} by what ${refused}`] : [];
  });
}

/**
 * Why a spec is neither a version, a range, a tag, `npm:` and one of those, nor the address of a tarball.
 * All that there is: https://docs.npmjs.com/cli/using-npm/package-spec
 */
function refuseSpec(spec: unknown): string | undefined {
  if (typeof spec !== "string") return "is no text";
  if (/^https?:\/\//i.test(spec)) return refuseTarball(spec);
  const alias = /^npm:((?:@[^/@]+\/)?[^/@]+)(?:@(.*))?$/.exec(spec);
  if (alias && !PACKAGE.test(alias[1] ?? "")) return "is no package of a registry";
  const range = (alias ? (alias[2] ?? "") : spec).trim();
  const isRange = /^(?!\.)[\w.^~<>=|*+\s-]*$/.test(range) && !/\.(?:tgz|tar\.gz|tar)$/i.test(range);
  return isRange ? undefined : "is no package of a registry";
}

/** A name of others, fit for one line. */
function show(text: string): string {
  return /^[\w@./~!'()*-]{1,200}$/.test(text) ? text : JSON.stringify(text.slice(0, 200));
}

/** Those of the fields that something has. */
export function pickFields(of: LockEntry, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter((field) => Object.hasOwn(of, field)).map((field) => [field, of[field]]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
