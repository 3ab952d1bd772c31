import { randomUUID } from "node:crypto";
import { assessDeploy } from "../domain/releases/release-rules.ts";
import { isProductionTag, sortTags } from "../domain/releases/release-tag.ts";
import type { Run } from "../domain/run.ts";
import type { Log } from "../log.ts";
import { type Store, StoreConflict } from "../store/store.ts";
import { findDeploy, gatherChange, gatherDeployFacts, pinDecided } from "./facts.ts";
import { ensureStagingTag } from "./tagging.ts";
import { PUSH_STACK, type Pushes } from "./webhook.ts";

/** Who asked, in the record of a run that nobody had to ask for. */
const CATCH_UP = "catch-up";

/** What missed releases are looked for with. */
export interface CatchingUp extends Pushes {
  log: Pick<Log, "info" | "warn">;
}

/**
 * Makes the staging run that was missed while the runner was away: for the newest release on the main branch, or for
 * the branch's head where pushes are what staging follows. Undefined when nothing was missed. A stack that never had a
 * release is left alone. Throws RequestError when the remote cannot be read.
 */
export async function catchUp(on: CatchingUp): Promise<Run | undefined> {
  const { mirror, store, config, now, log } = on;
  const newest = await store.newestAccepted(PUSH_STACK);
  if (!newest) return undefined;
  await mirror.fetch();
  const found = await findMissed(on, newest);
  if (!found) return undefined;

  const question = { stack: PUSH_STACK, ...found, rollback: false, replayable: true, mayHotfix: false };
  const options = { mirror, store, branch: config.gitBranch };
  const { facts, newest: seen } = await gatherDeployFacts(question, options);
  const decision = assessDeploy(facts);
  if (!decision.ok || decision.as === "again") return undefined;
  const row = { kind: "deploy", ...found, stack: PUSH_STACK, services: null, rollback: false } as const;
  const who = { triggeredBy: CATCH_UP, reason: "missed while the runner was away", requestId: randomUUID() };
  try {
    await pinDecided(store, found.tag, found.commit, now());
    const { run } = await store.accept({ ...row, ...who }, now(), { newest: seen?.id ?? null });
    log.info({ event: "release.missed", run: run.id, stack: run.stack, tag: run.tag });
    return run;
  } catch (error) {
    // Somebody asked in this moment; theirs counts, and the next look tells whether it was enough.
    if (error instanceof StoreConflict) return undefined;
    throw error;
  }
}

/** Whether pushes are what the stack follows: the last deploy that somebody asked for came from one. */
async function followsPushes(store: Store): Promise<boolean> {
  const asked = await findDeploy(store, PUSH_STACK, ({ triggeredBy }) => triggeredBy !== CATCH_UP);
  return asked?.triggeredBy.startsWith("webhook") ?? false;
}

async function findMissed(on: CatchingUp, newest: Run): Promise<{ tag: string; commit: string } | undefined> {
  const { mirror, config, store } = on;
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined) return undefined;
  // After a rollback the stack stays where somebody put it, and repairing it there moves it nowhere.
  if ((await findDeploy(store, PUSH_STACK))?.rollback) return undefined;
  const isMissed = async (commit: string) =>
    commit !== newest.commit &&
    (await mirror.isAncestor(newest.commit, commit)) &&
    (await mirror.isAncestor(commit, head));
  const follows = config.webhookTag !== "off" && (await followsPushes(store));
  // A push that changes no service of the stack was no miss, tagged or not. Where releases are asked for, each of them counts.
  const matters = async (commit: string) =>
    !follows || (await gatherChange(on, PUSH_STACK, commit)).affected.length > 0;
  if (follows && (await isMissed(head)) && (await matters(head))) {
    const create = config.webhookTag === "create";
    const tag = await ensureStagingTag(on, head, { create: async () => create, releasedBy: CATCH_UP });
    if (tag !== undefined) return { tag, commit: head };
  }
  const tags = await mirror.tags();
  for (const tag of sortTags(tags.map((each) => each.tag)).reverse()) {
    if (isProductionTag(tag)) continue;
    const commit = tags.find((each) => each.tag === tag)?.commit ?? "";
    if ((await isMissed(commit)) && (await matters(commit))) return { tag, commit };
    // Lower numbers are older releases.
    if (await mirror.isAncestor(commit, head)) return undefined;
  }
  return undefined;
}
