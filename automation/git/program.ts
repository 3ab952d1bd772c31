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

/** A line of `git ls-tree -z`: mode, type and id of an entry, then its name. */
const ENTRY = /^(\d+ \w+ [0-9a-f]+)\t(.*)$/s;

/**
 * A digest of what of a commit can have a say in what its program makes of a stack: equal digests, equal programs. `listing` is what
 * `git ls-tree -z <commit>` says. Pure.
 */
export function digestProgram(listing: string, stack: string): string {
  const digest = createHash("sha256");
  for (const line of listing.split("\0").filter(Boolean)) {
    const [, , name = ""] = ENTRY.exec(line) ?? [];
    if (isApart(name, stack)) continue;
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
      const listing = listings.get(commit) ?? git(["ls-tree", "-z", "--full-tree", commit]);
      if (listings.size >= KEPT) listings.clear();
      listings.set(commit, listing);
      listing.catch(() => listings.delete(commit));
      return digestProgram(await listing, stack);
    },
  };
}
