import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { GitError } from "../git/git.ts";
import type { Mirror } from "../git/mirror.ts";

/** Stack names become folder names. */
const STACK = /^[a-z][a-z0-9-]{0,62}$/;

/** The folder of a stack's worktree: one fixed path, because the engine keeps a record per path it ever saw. */
export function worktreePath(dataDir: string, stack: string): string {
  if (!STACK.test(stack)) throw new Error(`"${stack}" is no stack name`);
  return join(dataDir, "worktrees", stack);
}

/**
 * Puts exactly `commit` into the stack's worktree: no changed, no extra file. The caller holds the stack's lease.
 * Throws GitError when the commit is not in the mirror.
 */
export async function checkOut(mirror: Mirror, dataDir: string, stack: string, commit: string): Promise<string> {
  const path = worktreePath(dataDir, stack);
  if (existsSync(join(path, ".git"))) {
    try {
      await reuse(mirror, path, commit);
      return path;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      // A worktree that a crash left half-written is made again.
    }
  }
  await rm(path, { recursive: true, force: true });
  await mkdir(join(dataDir, "worktrees"), { recursive: true });
  await mirror.git(["worktree", "prune"]);
  await mirror.git(["worktree", "add", "--quiet", "--detach", "--force", "--", path, commit]);
  return path;
}

async function reuse(mirror: Mirror, path: string, commit: string): Promise<void> {
  const gitDir = (await mirror.git(["rev-parse", "--absolute-git-dir"], { cwd: path })).trim();
  // Left by a process that was killed; the lease says that nobody else is at work here.
  await rm(join(gitDir, "index.lock"), { force: true });
  await mirror.git(["checkout", "--quiet", "--force", "--detach", commit], { cwd: path });
  await mirror.git(["clean", "--quiet", "-ffdx"], { cwd: path });
}
