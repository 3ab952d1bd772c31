import { lostReleases, type MissingCommit, type Standing } from "./ancestry.ts";
import { conflict, invalid, type Refusal, short, superseded, unsigned } from "./refusal.ts";
import { isProductionTag, parseTag, type Release, type ReleaseKind } from "./release-tag.ts";
import { refuseUnproven, type TagProof } from "./tag-proof.ts";

/** What has to be known before a tag may be deployed. The caller asks Git and the store; this file only decides. */
export interface DeployFacts {
  stack: string;
  target: Release & {
    /** Commit that the tag named when it was first seen. */
    firstCommit: string;
    /** `Dockmaster-Kind` of the tag's message; null for a tag without one. */
    kind: ReleaseKind | null;
    /** `Drops` of the tag's message. */
    drops: readonly string[];
    onMain: boolean;
    /** Who stands up for the tag. Asked only where a hotfix hangs on it, else null. */
    proof: TagProof | null;
  };
  rollback: boolean;
  /** Whether who asks may bring production a hotfix whose tag nobody signed. */
  mayHotfix: boolean;
  /** Whether the same request could be sent again by anybody who recorded it, or by a machine that repeats itself. */
  replayable: boolean;
  /** What the stack runs: the deploy or sync that is accepted and not ended, else the last that succeeded. */
  current: Standing | null;
  /** The newest deploy or sync that was accepted, whatever became of it; one that was canceled before it started does not count. */
  newest: Standing | null;
  /** Whether a deploy or sync of the commit was asked of this stack before `newest` was. */
  askedBefore: boolean;
  /** Whether one succeeded on this stack. */
  hadHere: boolean;
  /** Whether one succeeded on staging. Only production asks. */
  succeededOnStaging: boolean;
  /** Commits that the stack runs and the target lacks, oldest first. Only production asks. */
  missing: readonly MissingCommit[];
  /** Tags on those commits. */
  missingTags: readonly Release[];
}

/** Why a deploy may go ahead. */
export type DeployDecision = { ok: true; as: "first" | "again" | "forward" | "rollback" | "hotfix" } | Refusal;

/** Refuses what is no release tag, before Git is asked anything about it. */
export function checkTag(tag: string): Refusal | undefined {
  if (parseTag(tag)) return undefined;
  return invalid(
    "tag_invalid",
    "only release tags can be deployed",
    "name a tag like v1.2.3, of at most six digits a part, not a branch or a commit",
  );
}

/** Decides whether a stack may be brought to a release. */
export function assessDeploy(facts: DeployFacts): DeployDecision {
  const refused = checkTag(facts.target.tag) ?? refuseMoved(facts) ?? refuseByHand(facts);
  if (refused) return refused;
  if (facts.rollback) return assessRollback(facts);
  const past = refuseBackward(facts);
  if (past) return past;
  if (facts.stack === "production") return assessProduction(facts);
  return { ok: true, as: step(facts.current) };
}

function refuseMoved({ target }: DeployFacts): Refusal | undefined {
  if (target.commit === target.firstCommit) return undefined;
  return conflict(
    "tag_moved",
    `${target.tag} named ${short(target.firstCommit)} before and names ${short(target.commit)} now`,
    "tags are never moved here: make a new one for the new commit and put this one back",
  );
}

function refuseByHand({ stack }: DeployFacts): Refusal | undefined {
  if (stack !== "bootstrap") return undefined;
  return conflict(
    "by_hand_only",
    "bootstrap is never deployed by the runner",
    "run it yourself: pulumi up --stack bootstrap",
  );
}

function assessRollback(facts: DeployFacts): DeployDecision {
  const { stack, target } = facts;
  if (stack !== "production" || facts.hadHere) return { ok: true, as: "rollback" };
  return conflict(
    "never_had",
    `production never had ${target.tag} (${short(target.commit)})`,
    "roll back to a release that succeeded there: dockmaster release list",
  );
}

/** A request only ever moves a stack forward, so that an old one can do no harm when it comes late or once more. */
function refuseBackward(facts: DeployFacts): Refusal | undefined {
  const { stack, target, newest } = facts;
  const hint = `to go back on purpose: dockmaster rollback ${stack} --to ${target.tag}`;
  for (const standing of [facts.current, newest]) {
    if (standing?.relation !== "behind") continue;
    const name = standing.tag ?? short(standing.commit);
    const where = standing === newest ? `${name} was asked for later` : `${stack} has ${name}`;
    return superseded(name, `${target.tag} is contained in ${name}: ${where}`, hint);
  }
  // After a rollback, and for a branch that main never took, ancestry alone does not tell old from new.
  if (!facts.replayable || !facts.askedBefore || !newest || newest.relation === "same") return undefined;
  const name = newest.tag ?? short(newest.commit);
  return superseded(name, `${target.tag} was asked for before, and ${name} after it`, hint);
}

function assessProduction(facts: DeployFacts): DeployDecision {
  const { target, current } = facts;
  if (current?.relation === "same") return { ok: true, as: "again" };
  if (current?.relation === "unknown") return refuseUnknown(current);
  if (!target.onMain) return assessHotfixDeploy(facts);
  if (!facts.succeededOnStaging) return notOnStaging(target);
  const lost = current
    ? lostReleases(facts.missing, facts.missingTags, current.tag ?? short(current.commit), target.drops)
    : [];
  return refuseLoss(lost) ?? { ok: true, as: step(current) };
}

/**
 * Off main there is only the hotfix: a patch upon what production has. No review held it back, so somebody has to stand up for it who
 * can do more than push, in a request that nobody can send again.
 */
function assessHotfixDeploy({ target, current, replayable, mayHotfix }: DeployFacts): DeployDecision {
  const madeFor = target.kind ?? (isProductionTag(target.tag) ? "production" : "hotfix");
  if (madeFor === "hotfix" && !isProductionTag(target.tag) && current?.relation === "ahead") {
    if (replayable) return unsigned("A hotfix needs a v2 signature");
    const refused = mayHotfix ? undefined : refuseUnproven(target.tag, target.proof ?? { lacks: "signature" });
    return refused ?? { ok: true, as: "hotfix" };
  }
  const base = current ? (current.tag ?? short(current.commit)) : undefined;
  return conflict(
    "not_on_main",
    `${target.tag} (${short(target.commit)}) is not on main, and no hotfix of what production has (${base ?? "nothing yet"})`,
    base
      ? `merge it into main and promote it, or branch the fix from ${base} and tag it: dockmaster release hotfix`
      : "merge it into main, deploy it to staging, then promote it",
  );
}

/** What production runs is not in the repository: nobody can tell what would be lost. */
export function refuseUnknown(current: Standing): Refusal {
  return conflict(
    "unknown_commit",
    `production runs ${current.tag ?? "a commit"} (${short(current.commit)}), which the repository has no more`,
    "push that commit again, or roll production back to a release that the repository has",
  );
}

export function notOnStaging(target: { tag?: string | null; commit: string }): Refusal {
  const name = target.tag ? `${target.tag} (${short(target.commit)})` : short(target.commit);
  return conflict(
    "not_on_staging",
    `${name} has not succeeded on staging`,
    target.tag
      ? `deploy it there first: dockmaster deploy staging ${target.tag}`
      : "tag it and deploy it there first: dockmaster deploy staging <tag>",
  );
}

export function refuseLoss(lost: readonly string[]): Refusal | undefined {
  if (lost.length === 0) return undefined;
  const drops = lost.map((name) => `--drop ${name}`).join(" ");
  return conflict(
    "would_lose",
    `${lost.join(", ")} would be taken away: production has ${lost.length === 1 ? "it" : "them"}, main does not`,
    `merge ${lost.length === 1 ? "it" : "them"} into main, or promote with ${drops}`,
  );
}

function step(current: Standing | null): "first" | "again" | "forward" {
  if (!current) return "first";
  return current.relation === "same" ? "again" : "forward";
}
