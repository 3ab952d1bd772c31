import { compare, parse, type SemVer } from "semver";

/** What a release was made for. */
export type ReleaseKind = "staging" | "production" | "hotfix";

/** A release as Git has it. */
export interface Release {
  tag: string;
  /** Full id of the commit that it names. */
  commit: string;
}

/** Greatest part of a number: of six digits, so that there is always a next one, and a sum stays exact. */
const GREATEST = 999_999;

/** The form of a release tag, the only place where it is spelled. Numbers begin with no zero: one release has one name. */
export const RELEASE_TAG = /^v(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/;

/** The version of a release tag, or undefined when the text is no such tag (`v1.2`, `1.2.3`, `v1.2.3-rc.1`, `v01.2.3`, `v1.0.1000000`). */
export function parseTag(tag: string): SemVer | undefined {
  return (RELEASE_TAG.test(tag) && parse(tag)) || undefined;
}

/** Tags that look like releases and are none, because a number in them is too long or begins with a zero. */
export function ignoredTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => /^v\d+\.\d+\.\d+$/.test(tag) && !RELEASE_TAG.test(tag));
}

/** Orders release tags by number, lowest first; other texts are left out. */
export function sortTags(tags: readonly string[]): string[] {
  return toVersions(tags).map(toTag);
}

/** Whether the number says that promotion made it: `vX.Y.0`. */
export function isProductionTag(tag: string): boolean {
  return parseTag(tag)?.patch === 0;
}

/** What the next number is chosen from. */
export interface Numbers {
  /** Tags whose numbers the next one has to be above: those of the main branch's history. Of others anybody could make any. */
  counted: readonly string[];
  /** Every number ever used, deleted ones and those of other branches too: none of them is used again. */
  taken: readonly string[];
}

/** The tag of the next staging release: the highest number, patch + 1; `v1.0.1` when there is none. */
export function nextStagingTag(numbers: Numbers): string {
  return above(numbers, ({ major, minor, patch }) => [major, minor, patch + 1]) ?? firstFree(numbers, [1, 0, 1]);
}

/** The tag of the next promotion: a minor above the highest one, or with `newMajor` the first release of a new major. */
export function nextPromotionTag(numbers: Numbers, newMajor: boolean): string {
  const next = above(numbers, ({ major, minor }) => (newMajor ? [major + 1, 0, 0] : [major, minor + 1, 0]));
  return next ?? firstFree(numbers, newMajor ? [2, 0, 0] : [1, 1, 0]);
}

/** The tag of the next hotfix: the next free patch in the line of `base`, the release that production has. */
export function nextHotfixTag({ counted, taken }: Numbers, base: string): string {
  const line = parseTag(base);
  if (!line) throw new RangeError(`${base} is no release tag`);
  const inLine = counted.filter((tag) => {
    const version = parseTag(tag);
    return version?.major === line.major && version.minor === line.minor;
  });
  return nextStagingTag({ counted: [...inLine, base], taken });
}

type Parts = [major: number, minor: number, patch: number];

/** What `next` makes of the highest number that has a free one after it. */
function above({ counted, taken }: Numbers, next: (version: SemVer) => Parts): string | undefined {
  for (const version of toVersions(counted).reverse()) {
    const free = findFree(taken, next(version));
    if (free !== undefined) return free;
  }
  return undefined;
}

function firstFree({ taken }: Numbers, first: Parts): string {
  const free = findFree(taken, first);
  if (free === undefined) throw new RangeError("there is no free number left");
  return free;
}

/** The first tag from `parts` on that was never used; the last part that is not zero is the one that grows. */
function findFree(taken: readonly string[], [major, minor, patch]: Parts): string | undefined {
  const used = new Set(taken);
  const grown = (more: number): Parts =>
    patch > 0 ? [major, minor, patch + more] : minor > 0 ? [major, minor + more, 0] : [major + more, 0, 0];
  for (let more = 0; ; more++) {
    const next = grown(more);
    if (next.some((part) => part > GREATEST)) return undefined;
    const tag = `v${next.join(".")}`;
    if (!used.has(tag)) return tag;
  }
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
