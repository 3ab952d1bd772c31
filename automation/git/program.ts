import { createHash } from "node:crypto";
import type { Mirror } from "./mirror.ts";

/**
 * Entries of a commit's root that no program of a stack has a say from: what people read, what tests it, what runs it and what shows it.
 * Whatever is not named here counts.
 */
const APART: ReadonlySet<string> = new Set([
  ...[".ci", ".github", ".gitignore", ".gitleaks.toml", ".dockerignore", "Dockerfile", "LICENSE"],
  ...["automation", "biome.json", "cli", "docs", "emulator", "test", "vitest.config.ts"],
]);

/** A stack's own file. */
const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;

/** Whether an entry of the root has no say in what the program makes of a stack. Pure. */
export function isApart(name: string, stack: string): boolean {
  const [, other] = STACK_FILE.exec(name) ?? [];
  return APART.has(name) || name.endsWith(".md") || (other !== undefined && other !== stack);
}

/** Mode of a symbolic link. */
const LINK = "120000";

/** A line of `git ls-tree -z`: mode, type and id of an entry, then its name. */
const ENTRY = /^(\d+ \w+ [0-9a-f]+)\t(.*)$/s;

/** Of a listing of all that a commit has only what a digest is made of: the entries of its root, and links wherever they are. Pure. */
function reduceListing(listing: string): string {
  const lines = listing.split("\0").filter(Boolean);
  return lines.filter((line) => line.startsWith(LINK) || !line.slice(line.indexOf("\t")).includes("/")).join("\0");
}

/**
 * A digest of what of a commit can have a say in what its program makes of a stack: equal digests, equal programs. `listing` is what
 * `git ls-tree -r -t -z <commit>` says. What a link names may be anywhere, so where one counts all of the commit does. Pure.
 */
export function digestProgram(listing: string, stack: string): string {
  const entries = reduceListing(listing)
    .split("\0")
    .filter(Boolean)
    .map((line) => ({ line, name: ENTRY.exec(line)?.[2] ?? "" }));
  const isOut = (name: string) => isApart(name.split("/", 1)[0] ?? "", stack);
  const isLinked = entries.some(({ line, name }) => line.startsWith(LINK) && !isOut(name));
  const digest = createHash("sha256");
  for (const { line, name } of entries) {
    if (name.includes("/") || (isApart(name, stack) && !isLinked)) continue;
    digest.update(line).update("\0");
  }
  return digest.digest("hex");
}

/** Tells programs from each other. */
export interface Programs {
  /** The digest of a stack's program at a commit. Throws where the commit is not here. */
  digest(commit: string, stack: string): Promise<string>;
}

/** How many commits' listings are kept. */
const KEPT = 100;

/** Reads programs from the mirror, each commit once: it never changes. */
export function createPrograms({ git }: Pick<Mirror, "git">): Programs {
  const listings = new Map<string, Promise<string>>();
  return {
    digest: async (commit, stack) => {
      if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new Error(`"${commit}" is no commit`);
      const listing =
        listings.get(commit) ?? git(["ls-tree", "-r", "-t", "-z", "--full-tree", commit]).then(reduceListing);
      if (listings.size >= KEPT) listings.clear();
      listings.set(commit, listing);
      listing.catch(() => listings.delete(commit));
      return digestProgram(await listing, stack);
    },
  };
}
