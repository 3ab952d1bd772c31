import type { MissingCommit } from "../domain/releases/ancestry.ts";

/** Commits of `has` that `target` lacks, oldest first, and whether their change is there all the same. Throws as `git` does. */
export async function listMissing(
  git: (words: string[]) => Promise<string>,
  has: string,
  target: string,
): Promise<MissingCommit[]> {
  const lacking = await git(["rev-list", "--reverse", "--topo-order", has, `^${target}`]);
  // Lists what is no merge: "+" stands before a commit whose patch the target lacks.
  const cherry = await git(["cherry", target, has]);
  const lost = new Set([...cherry.matchAll(/^\+ ([0-9a-f]+)$/gm)].map(([, commit]) => commit));
  return lacking
    .split("\n")
    .filter(Boolean)
    .map((commit) => ({ commit, covered: !lost.has(commit) }));
}
