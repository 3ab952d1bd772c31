import type { Mirror } from "./mirror.ts";

/** What tells whether a commit is trusted. */
export type Trusting = Pick<Mirror, "branchHead" | "isAncestor">;

/**
 * Whether somebody let the commit into the branch that releases are cut from: its head contains it, as of the last fetch. False when
 * the branch or the commit is unknown. What was accepted to be deployed is trusted by the release rules, whatever this says.
 */
export async function isTrustedCommit(mirror: Trusting, branch: string, commit: string): Promise<boolean> {
  const head = await mirror.branchHead(branch);
  return head !== undefined && (await mirror.isAncestor(commit, head));
}
