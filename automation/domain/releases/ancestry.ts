/**
 * Where one commit stands to another: `same`; `ahead`, it contains the other; `behind`, the other contains it;
 * `diverged`, neither; `unknown`, the repository has the other one no more.
 */
export type Relation = "same" | "ahead" | "behind" | "diverged" | "unknown";

/** A release that a stack has or is coming to, and where the asked-for commit stands to it. */
export interface Standing {
  tag: string | null;
  commit: string;
  relation: Relation;
}

/** The relation of a commit to another from what Git answers; `known` is whether the repository has the other one. */
export function toRelation(answers: { known: boolean; contains: boolean; isContained: boolean }): Relation {
  if (!answers.known) return "unknown";
  if (answers.contains) return answers.isContained ? "same" : "ahead";
  return answers.isContained ? "behind" : "diverged";
}

/** One commit that production has and the asked-for commit lacks. */
export interface MissingCommit {
  commit: string;
  /**
   * Nothing would be lost with it: the asked-for commit has the same change under another id (equal patch id, as
   * `git cherry` finds), or it is a merge, which has no change of its own.
   */
  covered: boolean;
}

/**
 * The releases whose changes would be taken away, by name. `missing` is oldest first; `tags` names commits; a change
 * between two tags counts for the later one. Names in `drops` are given up on purpose.
 */
export function lostReleases(
  missing: readonly MissingCommit[],
  tags: readonly { tag: string; commit: string }[],
  last: string,
  drops: readonly string[],
): string[] {
  const lost = new Set<string>();
  for (const [index, { covered }] of missing.entries()) {
    if (covered) continue;
    const carrier = missing.slice(index).find(({ commit }) => tags.some((each) => each.commit === commit));
    lost.add(tags.find((each) => each.commit === carrier?.commit)?.tag ?? last);
  }
  return [...lost].filter((name) => !drops.includes(name));
}
