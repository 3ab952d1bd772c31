import { lostReleases, type MissingCommit, type Standing } from "./ancestry.ts";
import { conflict, type Refusal, short } from "./refusal.ts";
import { notOnStaging, refuseLoss, refuseUnknown } from "./release-rules.ts";
import {
  isProductionTag,
  type Numbers,
  nextHotfixTag,
  nextPromotionTag,
  nextStagingTag,
  type Release,
  sortTags,
} from "./release-tag.ts";
import type { TagTrailers } from "./tag-message.ts";

/** A tag to deploy: one that is there already, or a new one to make with this message's trailers and to push. */
export type TagDecision = { ok: true; tag: string; isNew: boolean; trailers: TagTrailers } | Refusal;

/** What every new tag needs to know. */
export interface TagFacts {
  commit: string;
  /** Release tags of the repository. */
  tags: readonly Release[];
  /** Every number ever used, deleted ones too: a number never names two commits. */
  taken: readonly string[];
  /** Tags of commits that the main branch contains, deleted ones too: the next number is above these. */
  counted: readonly string[];
  releasedBy: string;
}

export interface PromotionFacts extends TagFacts {
  onMain: boolean;
  succeededOnStaging: boolean;
  /** What production runs. */
  current: Standing | null;
  /** Commits that production has and this one lacks, oldest first. */
  missing: readonly MissingCommit[];
  /** Releases to give up on purpose. */
  drops: readonly string[];
  newMajor: boolean;
}

export interface HotfixFacts extends TagFacts {
  onMain: boolean;
  /** What production runs. */
  current: Standing | null;
}

/** The tag of a commit for staging: the one it has, else the next number. */
export function planStagingTag(facts: TagFacts): { tag: string; isNew: boolean; trailers: TagTrailers } {
  const own = tagsOf(facts);
  const tag = own.findLast((each) => !isProductionTag(each)) ?? own.at(-1);
  const trailers = trailersOf(facts, "staging");
  if (tag !== undefined) return { tag, isNew: false, trailers };
  return { tag: nextStagingTag(numbersOf(facts)), isNew: true, trailers };
}

/** The release that is asked for, as it is. */
export function keepRelease(facts: TagFacts, tag: string, kind: TagTrailers["kind"]): TagDecision {
  return { ok: true, tag, isNew: false, trailers: trailersOf(facts, kind) };
}

/** Decides whether a commit may become production's next release, and under which tag. */
export function assessPromotion(facts: PromotionFacts): TagDecision {
  const { commit, current } = facts;
  if (current?.relation === "unknown") return refuseUnknown(current);
  if (current?.relation === "behind") return refuseOlder(facts, current);
  if (!facts.onMain) {
    return conflict(
      "not_on_main",
      `${nameOf(facts)} is not on main`,
      "merge it into main and deploy it to staging; a fix for production alone is a hotfix: dockmaster release hotfix",
    );
  }
  if (!facts.succeededOnStaging) return notOnStaging({ tag: tagsOf(facts).at(-1), commit });
  const lost = current
    ? lostReleases(facts.missing, facts.tags, current.tag ?? short(current.commit), facts.drops)
    : [];
  const loss = refuseLoss(lost);
  if (loss) return loss;

  const own = tagsOf(facts);
  const from = own.findLast((each) => !isProductionTag(each)) ?? null;
  const trailers = { ...trailersOf(facts, "production"), promotedFrom: from, drops: [...facts.drops] };
  const kept = own.findLast(isProductionTag);
  if (kept !== undefined) return { ok: true, tag: kept, isNew: false, trailers };
  return { ok: true, tag: nextPromotionTag(numbersOf(facts), facts.newMajor), isNew: true, trailers };
}

/** Decides whether a commit may be a hotfix of what production has, and under which tag. */
export function assessHotfix(facts: HotfixFacts): TagDecision {
  const { current, onMain } = facts;
  if (!current) {
    return conflict("no_production", "production has no release to fix", "promote a release first");
  }
  if (current.relation === "unknown") return refuseUnknown(current);
  const base = current.tag ?? short(current.commit);
  if (onMain) {
    return conflict(
      "not_a_hotfix",
      `${nameOf(facts)} is on main: a hotfix is what main does not have yet`,
      "deploy it to staging and promote it: dockmaster release promote <tag>",
    );
  }
  if (current.relation !== "ahead") {
    return conflict(
      "not_a_hotfix",
      `${nameOf(facts)} does not descend from ${base}, which production has`,
      `branch the fix from it: git switch -c hotfix ${base}`,
    );
  }
  const trailers = trailersOf(facts, "hotfix");
  const own = tagsOf(facts).findLast((each) => !isProductionTag(each));
  if (own !== undefined) return { ok: true, tag: own, isNew: false, trailers };
  const numbers = numbersOf(facts);
  return {
    ok: true,
    tag: current.tag ? nextHotfixTag(numbers, current.tag) : nextStagingTag(numbers),
    isNew: true,
    trailers,
  };
}

function refuseOlder(facts: PromotionFacts, current: Standing): Refusal {
  const name = nameOf(facts);
  const tag = tagsOf(facts).findLast(isProductionTag) ?? tagsOf(facts).at(-1);
  return conflict(
    "older_release",
    `${name} is older than ${current.tag ?? short(current.commit)}, which production has`,
    `promotion only goes forward; to go back: dockmaster rollback production --to ${tag ?? "<tag>"}`,
  );
}

function tagsOf({ commit, tags }: TagFacts): string[] {
  return sortTags(tags.filter((each) => each.commit === commit).map((each) => each.tag));
}

function numbersOf({ tags, taken, counted }: TagFacts): Numbers {
  return { counted, taken: [...taken, ...tags.map((each) => each.tag)] };
}

function nameOf(facts: TagFacts): string {
  const tag = tagsOf(facts).at(-1);
  return tag ? `${tag} (${short(facts.commit)})` : short(facts.commit);
}

function trailersOf(facts: TagFacts, kind: TagTrailers["kind"]): TagTrailers {
  return { kind, promotedFrom: null, releasedBy: facts.releasedBy, drops: [] };
}
