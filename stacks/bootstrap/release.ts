import { execFileSync } from "node:child_process";
import { rcompare } from "semver";
import type { Problem } from "../../components/compose/problem.ts";
import { RELEASE_TAG } from "../release-tag.ts";

/** What is checked out. */
export interface Release {
  /** Full id. */
  commit: string;
  /** The newest release that names it, e.g. `v1.2.4`. */
  release: string;
}

/** What Git says of a checkout. */
export interface CheckoutFacts {
  commit: string;
  /** Tags that name the commit. */
  tags: string[];
  /** Files of the image that differ from the commit. */
  changed: string[];
}

/** What goes into the image; the Dockerfile copies nothing else. */
export const IMAGE_FILES = [
  "Dockerfile",
  ".dockerignore",
  "package.json",
  "package-lock.json",
  "tools/engine-path.mjs",
  "tools/engine-checksums.txt",
  "tools/run-program.mjs",
  "tools/secret-parts.mjs",
  "tools/outgoing",
  "tools/shortcuts",
  "tools/engine",
  "tools/language-host",
  "components",
  "text",
  "automation",
];

/** Asks Git about a checkout. Throws when the folder is none, or when there is no Git. */
export function readCheckout(folder: string): CheckoutFacts {
  const git = (...words: string[]) => execFileSync("git", ["-C", folder, ...words], { encoding: "utf8" });
  const lines = (text: string) => text.split("\n").filter(Boolean);
  return {
    commit: git("rev-parse", "HEAD").trim(),
    tags: lines(git("tag", "--points-at", "HEAD")),
    changed: lines(git("status", "--porcelain", "--", ...IMAGE_FILES)).map((line) => line.slice(3)),
  };
}

/** The release that an image made from a checkout would be. An image says which commit it is, so it has to be that. */
export function chooseRelease({ commit, tags, changed }: CheckoutFacts): { release?: Release; problems: Problem[] } {
  const problems: Problem[] = [];
  const releases = tags.filter((tag) => RELEASE_TAG.test(tag)).sort(rcompare);
  const [release] = releases;
  if (release === undefined) {
    const message = `no release names the checked-out commit ${commit.slice(0, 7)}, which the runner's image is made from`;
    problems.push({ file: "git", message, hint: "check out a release, e.g. `git checkout v1.2.4`" });
  }
  if (changed.length > 0) {
    const more = changed.length > 3 ? ` and ${changed.length - 3} more` : "";
    const message = `what goes into the runner's image differs from the commit: ${changed.slice(0, 3).join(", ")}${more}`;
    problems.push({ file: "git", message, hint: "commit it, or take it back with `git restore`" });
  }
  return release !== undefined && problems.length === 0 ? { release: { commit, release }, problems } : { problems };
}
