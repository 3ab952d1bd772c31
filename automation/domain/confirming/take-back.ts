import { describeHold, type Hold } from "../gates/hold.ts";
import type { Relation } from "../releases/ancestry.ts";
import type { Run } from "../run.ts";
import { WATCH } from "../watching/heal.ts";
import type { Trouble } from "./trouble.ts";

/** Whether a run brings a release back by itself. */
export function isReturn({ triggeredBy, rollback }: Pick<Run, "triggeredBy" | "rollback">): boolean {
  return rollback && triggeredBy === WATCH;
}

/** A release by its names. */
export interface Named {
  tag: string | null;
  commit: string;
}

/** What has to be known before a release is taken back. What could not be told is null, and counts as a no. */
export interface TakeBackFacts {
  /** What the stack's file says on main's head. */
  onTrouble: "notify" | "rollback";
  trouble: Pick<Trouble, "ofRelease">;
  /** The update whose release is in trouble. */
  run: Pick<Run, "id" | "commit" | "rollback" | "triggeredBy">;
  /** The newest deploy or sync that was accepted. */
  newest: Pick<Run, "id" | "commit" | "state"> | null;
  /** Holds that count now. */
  holds: readonly Pick<Hold, "by" | "reason" | "until">[];
  /** The release that was confirmed last. */
  confirmed: Named | null;
  /** Where the confirmed release stands to the one in trouble. */
  relation: Relation;
  /** Whether the tag of the confirmed release still names its commit. */
  tagStands: boolean;
  /** Services with data whose image is another one, but for those that say `rollback: safe`. */
  dataChanged: readonly string[] | null;
  /** Commits and tags between the two that say `Dockmaster-Irreversible`. */
  irreversible: readonly string[] | null;
}

/** Why no release comes back by itself, as a closed set. */
export type Refusal =
  | "notify_only"
  | "not_the_release"
  | "was_rolled_back"
  | "newer_request"
  | "held"
  | "none_confirmed"
  | "is_confirmed"
  | "not_before"
  | "tag_gone"
  | "irreversible"
  | "data_changed";

/** What is done about trouble: the release that was confirmed last comes back, or people decide. */
export type TakeBackDecision = { do: "return"; to: Named } | { do: "tell"; code: Refusal; why: string };

/**
 * Decides whether a release in trouble is taken back. Whatever is not known to be harmless is left to people: their requests and holds
 * win, data stays with what wrote it, and there is one way back, to what was confirmed last. Pure.
 */
export function decideTakeBack(facts: TakeBackFacts): TakeBackDecision {
  const tell = (code: Refusal, why: string): TakeBackDecision => ({ do: "tell", code, why });
  const { onTrouble, trouble, run, newest, holds, confirmed, relation, tagStands, dataChanged, irreversible } = facts;
  if (onTrouble !== "rollback") return tell("notify_only", "promotion:onTrouble is notify");
  // It went back already, by itself or by a person: where to go from there nobody but a person knows.
  if (isReturn(run)) return tell("was_rolled_back", "this is the release that was brought back; it is not tried again");
  if (run.rollback) return tell("was_rolled_back", "somebody went back to this release on purpose");
  if (newest && isNewer(newest, run)) return tell("newer_request", "somebody asked for something newer meanwhile");
  const [held] = holds;
  if (held) return tell("held", `the stack is ${describeHold(held)}`);
  if (!trouble.ofRelease) return tell("not_the_release", "nothing says that the release is at fault");
  if (!confirmed) return tell("none_confirmed", "no release of this stack was confirmed before");
  if (relation === "same") return tell("is_confirmed", "it is the release that was confirmed last");
  if (relation === "unknown") return tell("not_before", `${nameOf(confirmed)} is not in the repository any more`);
  if (relation === "ahead") return tell("not_before", `${nameOf(confirmed)}, which was confirmed last, is newer`);
  if (confirmed.tag === null || !tagStands)
    return tell("tag_gone", `the tag of ${nameOf(confirmed)} is gone or was moved`);
  if (irreversible === null)
    return tell("irreversible", "nobody can tell whether a commit between says Dockmaster-Irreversible");
  if (irreversible.length > 0)
    return tell("irreversible", `${list(irreversible)} cannot be undone (Dockmaster-Irreversible)`);
  if (dataChanged === null) return tell("data_changed", "nobody can tell which images of services with data differ");
  if (dataChanged.length > 0) {
    return tell("data_changed", `${list(dataChanged)} may have changed its data: another image, and no rollback: safe`);
  }
  return { do: "return", to: confirmed };
}

/** Whether somebody asked for something since: not who asked for the same release again, which came to its end. */
function isNewer(newest: Pick<Run, "id" | "commit" | "state">, run: Pick<Run, "id" | "commit">): boolean {
  return newest.id !== run.id && !(newest.state === "succeeded" && newest.commit === run.commit);
}

function nameOf({ tag, commit }: Named): string {
  return tag ?? commit.slice(0, 7);
}

const MOST_NAMED = 5;

function list(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
