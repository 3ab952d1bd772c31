import { affectedServices } from "../domain/releases/affected.ts";
import { type Standing, toRelation } from "../domain/releases/ancestry.ts";
import type { DeployFacts } from "../domain/releases/release-rules.ts";
import { parseTagMessage } from "../domain/releases/tag-message.ts";
import { isFinal, type Run } from "../domain/run.ts";
import { kindsWith, UPDATES } from "../domain/run-kinds.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";
import { proveTag } from "../git/tag-signature.ts";
import { isTrustedCommit } from "../git/trusted.ts";
import { type Store, StoreConflict } from "../store/store.ts";

/** What is asked: a tag with its commit, for a stack. */
export interface DeployQuestion {
  stack: string;
  tag: string;
  commit: string;
  rollback: boolean;
  /** Whether the request could be sent again by anybody who recorded it. */
  replayable: boolean;
  /** Whether who asks may bring production a hotfix whose tag nobody signed. */
  mayHotfix: boolean;
}

/**
 * Asks Git and the store for all that the release rules need to know. Git is read as of the last fetch. Writes nothing: a tag that is
 * refused is not remembered.
 */
export async function gatherDeployFacts(
  question: DeployQuestion,
  options: { mirror: Mirror; store: Store; branch: string },
): Promise<{ facts: DeployFacts; newest: Run | undefined; isPinned: boolean }> {
  const { mirror, store, branch } = options;
  const { stack, tag, commit, rollback, replayable, mayHotfix } = question;
  const [newest, succeeded, pinned] = await Promise.all([
    store.newestAccepted(stack),
    store.stackRelease(stack),
    store.pinnedCommit(tag),
  ]);
  // What is under way is what the stack will have when this one starts: a fix that runs right now must not be lost either.
  const current = newest && !isFinal(newest.state) ? newest : succeeded;
  const isProduction = stack === "production";
  const missing = isProduction && current ? await mirror.missing(current.commit, commit) : [];
  const [currentStanding, newestStanding] = await Promise.all(
    [current, newest].map((other) => (other ? toStanding(mirror, commit, other) : null)),
  );
  const trailers = parseTagMessage((isProduction && (await mirror.tagMessage(tag))) || "");
  const onMain = isProduction && (await isTrustedCommit(mirror, branch, commit));
  // Off main production takes only what somebody stands up for, and only a fix of what it has is worth the question.
  const isHotfix = isProduction && !onMain && !rollback && currentStanding?.relation === "ahead";
  const facts: DeployFacts = {
    stack,
    target: {
      tag,
      commit,
      firstCommit: pinned ?? commit,
      kind: trailers.kind,
      drops: trailers.drops,
      onMain,
      proof: isHotfix && !mayHotfix ? await proveTag(mirror, { tag, commit, branch }) : null,
    },
    rollback,
    replayable,
    mayHotfix,
    current: currentStanding ?? null,
    newest: newestStanding ?? null,
    askedBefore: replayable && newest !== undefined && (await wasAsked(store, stack, commit, newest)),
    // Only a rollback asks where a stack has been.
    hadHere: rollback && (await store.hasSucceeded(stack, commit)),
    succeededOnStaging: isProduction && (await store.hasSucceeded("staging", commit)),
    missing,
    missingTags: missing.length > 0 ? await mirror.tags() : [],
  };
  return { facts, newest, isPinned: pinned !== undefined };
}

/** Remembers which commit a tag named that may be deployed. Throws StoreConflict when another request was first with another commit. */
export async function pinDecided(store: Store, tag: string, commit: string, now: number): Promise<void> {
  if ((await store.pinTag(tag, commit, now)) !== commit) throw new StoreConflict(`${tag} was pinned meanwhile`);
}

/** Whether the commit was asked for before the newest run was. Of the newest run's own commit nobody wants to know. */
async function wasAsked(store: Store, stack: string, commit: string, newest: Run): Promise<boolean> {
  if (newest.commit === commit) return false;
  const runs = await store.runs({ stack, commit, kinds: UPDATES, before: newest, limit: 1 });
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

/** How many runs are read at once. */
const PAGE = 20;

/**
 * The newest deploy of a stack that was not superseded on arrival, nor canceled before it started, and that `isMeant`. One that another
 * run took the place of counts: where that was a sync, it brought the stack to the same release.
 */
export async function findDeploy(
  store: Store,
  stack: string,
  isMeant: (run: Run) => boolean = () => true,
): Promise<Run | undefined> {
  const counts = ({ state, startedAt, supersededBy }: Run) =>
    !(state === "superseded" && supersededBy === null) && !(state === "canceled" && startedAt === null);
  for (let before: Run | undefined; ; ) {
    const page: Run[] = await store.runs({
      stack,
      kinds: kindsWith({ choosesRelease: true }),
      limit: PAGE,
      ...(before ? { before } : {}),
    });
    const found = page.find((run) => counts(run) && isMeant(run));
    if (found || page.length < PAGE) return found;
    before = page.at(-1);
  }
}

/** What a commit would bring to a stack. */
export interface StackChange {
  /** What the commit is compared with; null for a stack that has nothing. */
  base: { tag: string | null; commit: string; rolledBack: boolean } | null;
  /** Services of the commit, and those of the base that it has no more. */
  services: string[];
  /** Those of them that the difference touches; all where there is nothing to compare with. */
  affected: string[];
}

/**
 * Compares a commit with the release that the stack has: the last one that succeeded, so that what was lost on the way or failed
 * still counts; and with what was begun since, so that taking a failed change back counts too. After a rollback it is compared with
 * what was rolled back from: going back on purpose is not undone by a push that touches no service. Git is read as of the last fetch.
 */
export async function gatherChange(
  { mirror, store, catalogue }: { mirror: Mirror; store: Store; catalogue: Catalogue },
  stack: string,
  commit: string,
): Promise<StackChange> {
  const base = await findBase(store, stack);
  const has = base ? [base.commit, ...(base.rolledBack ? [] : await findBegun(store, stack))] : [];
  const [ours = [], theirs, paths] = await Promise.all([
    catalogue.services(commit, stack),
    Promise.all(has.map((each) => catalogue.services(each, stack))),
    Promise.all(has.map((each) => mirror.changedFiles(each, commit))),
  ]);
  const services = [...new Set([...ours, ...theirs.flatMap((each) => each ?? [])])];
  const isKnown = base !== null && paths.every((each) => each !== undefined);
  const affected = isKnown ? affectedServices(paths.flat(), services).services : services;
  return { base, services, affected };
}

/** Commits of the updates since the last success that began, or will: the stack has, or will have, parts of each. */
async function findBegun(store: Store, stack: string): Promise<string[]> {
  const runs = await store.runs({ stack, kinds: UPDATES });
  const last = runs.findIndex(({ state }) => state === "succeeded");
  const since = last === -1 ? runs : runs.slice(0, last);
  const begun = since.filter(({ state, startedAt }) => startedAt !== null || !isFinal(state));
  return [...new Set(begun.map(({ commit }) => commit))];
}

async function findBase(store: Store, stack: string): Promise<StackChange["base"]> {
  const last = await findDeploy(store, stack);
  const left = last?.rollback ? await findDeploy(store, stack, ({ rollback }) => !rollback) : undefined;
  if (left) return { tag: left.tag, commit: left.commit, rolledBack: true };
  const has = await store.stackRelease(stack);
  return has ? { tag: has.tag, commit: has.commit, rolledBack: false } : null;
}
