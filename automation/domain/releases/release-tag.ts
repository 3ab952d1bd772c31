import { compare, parse, type SemVer } from "semver";

/** What a release was made for. */
export type ReleaseKind = "staging" | "production" | "hotfix";

/** A release as Git has it. */
export interface Release {
  tag: string;
  /** Full id of the commit that it names. */
  commit: string;
}

const PATTERN = /^v\d+\.\d+\.\d+$/;

/** The version of a release tag, or undefined when the text is no such tag (`v1.2`, `1.2.3`, `v1.2.3-rc.1`, `v01.2.3`). */
export function parseTag(tag: string): SemVer | undefined {
  return (PATTERN.test(tag) && parse(tag)) || undefined;
}

/** Orders release tags by number, lowest first; other texts are left out. */
export function sortTags(tags: readonly string[]): string[] {
  return toVersions(tags).map(toTag);
}

/** Whether the number says that promotion made it: `vX.Y.0`. */
export function isProductionTag(tag: string): boolean {
  return parseTag(tag)?.patch === 0;
}

/**
 * The tag of the next staging release: the highest number, patch + 1; `v1.0.1` when there is none. `taken` is every number
 * ever used: the repository's tags and those remembered from before somebody deleted them.
 */
export function nextStagingTag(taken: readonly string[]): string {
  const highest = toVersions(taken).at(-1);
  return highest ? `v${highest.major}.${highest.minor}.${highest.patch + 1}` : "v1.0.1";
}

/** The tag of the next promotion: a minor above the highest one, or with `newMajor` the first release of a new major. */
export function nextPromotionTag(taken: readonly string[], newMajor: boolean): string {
  const highest = toVersions(taken).at(-1);
  if (!highest) return newMajor ? "v2.0.0" : "v1.1.0";
  return newMajor ? `v${highest.major + 1}.0.0` : `v${highest.major}.${highest.minor + 1}.0`;
}

/** The tag of the next hotfix: the next free patch in the line of `base`, the release that production has. */
export function nextHotfixTag(taken: readonly string[], base: string): string {
  const line = parseTag(base);
  if (!line) throw new RangeError(`${base} is no release tag`);
  const patches = toVersions([...taken, base])
    .filter((version) => version.major === line.major && version.minor === line.minor)
    .map((version) => version.patch);
  return `v${line.major}.${line.minor}.${Math.max(...patches) + 1}`;
}

function toVersions(tags: readonly string[]): SemVer[] {
  return tags
    .map(parseTag)
    .filter((version) => version !== undefined)
    .sort(compare);
}

function toTag(version: SemVer): string {
  return `v${version.version}`;
}
