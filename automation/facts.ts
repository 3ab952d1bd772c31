import { type Standing, toRelation } from "./domain/ancestry.ts";
import type { DeployFacts } from "./domain/release.ts";
import { isFinal, type Run } from "./domain/run.ts";
import { parseTagMessage } from "./domain/tag-message.ts";
import type { Mirror } from "./git/mirror.ts";
import type { Store } from "./store/store.ts";

/** What is asked: a tag with its commit, for a stack. */
export interface DeployQuestion {
  stack: string;
  tag: string;
  commit: string;
  rollback: boolean;
  /** Whether the request could be sent again by anybody who recorded it. */
  replayable: boolean;
}

/**
 * Asks Git and the store for all that the release rules need to know. Git is read as of the last fetch. The tag's commit
 * is remembered once `allowed` resolves (default: at once); rejects with its reason when it does not.
 */
export async function gatherDeployFacts(
  question: DeployQuestion,
  options: { mirror: Mirror; store: Store; branch: string; now: number; allowed?: Promise<void> },
): Promise<{ facts: DeployFacts; newest: Run | undefined }> {
  const { mirror, store, branch, now, allowed = Promise.resolve() } = options;
  const { stack, tag, commit, rollback, replayable } = question;
  const pinned = allowed.then(() => store.pinTag(tag, commit, now));
  // Awaited below: whatever fails before that is said instead.
  pinned.catch(() => {});
  const [newest, succeeded] = await Promise.all([store.newestAccepted(stack), store.stackRelease(stack)]);
  // What is under way is what the stack will have when this one starts: a fix that runs right now must not be lost either.
  const current = newest && !isFinal(newest.state) ? newest : succeeded;
  const isProduction = stack === "production";
  const missing = isProduction && current ? await mirror.missing(current.commit, commit) : [];
  const head = isProduction ? await mirror.branchHead(branch) : undefined;
  const [currentStanding, newestStanding] = await Promise.all(
    [current, newest].map((other) => (other ? toStanding(mirror, commit, other) : null)),
  );
  const firstCommit = await pinned;
  const trailers = parseTagMessage((isProduction && (await mirror.tagMessage(tag))) || "");
  const facts: DeployFacts = {
    stack,
    target: {
      tag,
      commit,
      firstCommit,
      kind: trailers.kind,
      drops: trailers.drops,
      onMain: head !== undefined && (await mirror.isAncestor(commit, head)),
    },
    rollback,
    replayable,
    current: currentStanding ?? null,
    newest: newestStanding ?? null,
    askedBefore: replayable && newest !== undefined && (await wasAsked(store, stack, commit, newest)),
    // Only a rollback asks where a stack has been.
    hadHere: rollback && (await store.hasSucceeded(stack, commit)),
    succeededOnStaging: isProduction && (await store.hasSucceeded("staging", commit)),
    missing,
    missingTags: missing.length > 0 ? await mirror.tags() : [],
  };
  return { facts, newest };
}

/** Whether the commit was asked for before the newest run was. Of the newest run's own commit nobody wants to know. */
async function wasAsked(store: Store, stack: string, commit: string, newest: Run): Promise<boolean> {
  if (newest.commit === commit) return false;
  const runs = await store.runs({ stack, commit, kinds: ["deploy", "sync"], before: newest, limit: 1 });
  return runs.length > 0;
}

async function toStanding(
  mirror: Mirror,
  commit: string,
  other: { tag: string | null; commit: string },
): Promise<Standing> {
  const contains = await mirror.isAncestor(other.commit, commit);
  // Two commits contain each other only when they are one: the way forward, the common one, needs one question.
  const isContained = contains ? other.commit === commit : await mirror.isAncestor(commit, other.commit);
  const known = contains || isContained || (await mirror.hasCommit(other.commit));
  return { tag: other.tag, commit: other.commit, relation: toRelation({ known, contains, isContained }) };
}
