import { compare } from "semver";
import { parseTag } from "../../domain/release-tag.ts";

/** What the history tells of one release that a stack had. */
export interface PastRelease {
  tag: string | null;
  commit: string;
}

/**
 * The release that a stack had before the one it has: the last one in its history with a lower number on another
 * commit, so that rolling back twice goes back twice. `history` is newest first, deploys that succeeded only.
 */
export function chooseRollback(history: PastRelease[]): string | undefined {
  const [current, ...before] = history;
  if (!current) return undefined;
  const now = current.tag === null ? undefined : parseTag(current.tag);
  const found = before.find(({ tag, commit }) => {
    const version = tag === null ? undefined : parseTag(tag);
    return version !== undefined && commit !== current.commit && (now === undefined || compare(version, now) < 0);
  });
  return found?.tag ?? undefined;
}
