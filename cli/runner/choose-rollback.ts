import { compare } from "semver";
import { parseTag } from "../../automation/domain/releases/release-tag.ts";

/** What the history tells of one update of a stack. */
export interface PastUpdate {
  tag: string | null;
  commit: string;
  state: string;
  /** Null when it never began. */
  started_at: string | null;
}

/**
 * The release to go back to. After an update that did not succeed: the one that last did. Else the one that the stack had
 * before: the last in its history with a lower number on another commit, so that rolling back twice goes back twice.
 * `history` is newest first.
 */
export function chooseRollback(history: PastUpdate[]): string | undefined {
  const [newest] = history.filter(({ started_at }) => started_at !== null);
  const [current, ...before] = history.filter(({ state }) => state === "succeeded");
  if (!current || !newest) return undefined;
  if (newest.state !== "succeeded" && newest.commit !== current.commit) return current.tag ?? undefined;
  const now = current.tag === null ? undefined : parseTag(current.tag);
  const found = before.find(({ tag, commit }) => {
    const version = tag === null ? undefined : parseTag(tag);
    return version !== undefined && commit !== current.commit && (now === undefined || compare(version, now) < 0);
  });
  return found?.tag ?? undefined;
}
