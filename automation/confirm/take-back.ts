import { randomUUID } from "node:crypto";
import type { Confirmation } from "../domain/confirming/confirmation.ts";
import { decideTakeBack, type TakeBackDecision, type TakeBackFacts } from "../domain/confirming/take-back.ts";
import type { Trouble } from "../domain/confirming/trouble.ts";
import { RUNNER } from "../domain/gates/hold.ts";
import { toRelation } from "../domain/releases/ancestry.ts";
import type { Run, RunRequest } from "../domain/run.ts";
import { kindsWith, RUN_KINDS } from "../domain/run-kinds.ts";
import { WATCH } from "../domain/watching/heal.ts";
import type { Variables } from "../environment.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";
import { tellHold } from "../notify/hold-notices.ts";
import { tellRelease } from "../notify/release-notices.ts";
import { type Store, StoreConflict } from "../store/store.ts";
import { type Comparing, compareData } from "./changed-data.ts";
import type { AfterRelease } from "./policy.ts";

/** What trouble is met with. */
export interface Taking extends Comparing {
  store: Store;
  mirror: Mirror;
  variables: Pick<Variables, "get">;
  log: Log;
  mask: Mask;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The trouble that was met, and what the stack's file says of it. */
export interface Met extends Pick<AfterRelease, "onTrouble" | "safe"> {
  trouble: Trouble;
}

/** Says in a commit's or a tag's message that what it does cannot be undone by going back. */
const SAYS = /^dockmaster-irreversible\s*:/im;

const END_OF_COMMIT = "\0";

/** Longest text of others in a reason, in characters: `reason` of a request may be as long. */
const LONGEST = 900;

/**
 * Does about a release's trouble what its stack's file and the facts allow: takes it back, or tells people what to do. Returns whether a
 * run was asked for. Once for each trouble: whoever is second, or comes after a restart, finds it settled.
 */
export async function meetTrouble(
  on: Taking,
  confirmation: Confirmation,
  run: Run,
  { trouble, onTrouble, safe }: Met,
): Promise<boolean> {
  const { store, log, now } = on;
  const why = on.mask(trouble.why).slice(0, LONGEST);
  const facts = await gatherFacts(on, run, { trouble, onTrouble, safe });
  const decision = decideTakeBack(facts);
  const settled = { run: run.id, from: confirmation.state, to: "trouble" } as const;
  const fields = { run: run.id, stack: run.stack, tag: run.tag, reason: why };
  if (decision.do === "tell") {
    const notices = tellTrouble(on, { run, why, decision, failed: confirmation.data.failed, facts });
    const data = { why, back: { refused: decision.why } };
    if (await store.settle({ ...settled, data, notices }, now())) {
      log.warn({ event: "release.trouble", ...fields, code: decision.code, refused: decision.why });
    }
    return false;
  }
  const { tag, commit } = decision.to;
  const reason = `${run.tag ?? run.commit.slice(0, 7)} was taken back: ${why}`;
  const request = {
    ...{ kind: "deploy", stack: run.stack, tag, commit, services: null, rollback: true },
    ...{ triggeredBy: WATCH, reason, requestId: randomUUID() },
  } satisfies RunRequest;
  try {
    const taken = await store.takeBack(
      {
        ...settled,
        newest: facts.newest?.id ?? null,
        data: { why },
        notices: tellRelease(on, { event: "trouble", run, why, back: tag ?? commit.slice(0, 7) }),
        hold: { stack: run.stack, by: RUNNER, reason, until: null },
        tell: tellHold(on, "held"),
        request,
      },
      now(),
    );
    log.warn({ event: "release.taken_back", ...fields, back_to: tag, back_run: taken.run.id, hold: taken.hold.id });
    return true;
  } catch (error) {
    // Somebody was quicker; the next look at it decides anew.
    if (error instanceof StoreConflict) return false;
    throw error;
  }
}

/** What people are told where no release comes back. That an update failed they know already, unless they asked for more. */
function tellTrouble(
  on: Taking,
  told: {
    run: Run;
    why: string;
    decision: Extract<TakeBackDecision, { do: "tell" }>;
    failed: boolean;
    facts: TakeBackFacts;
  },
) {
  const { run, why, decision, failed, facts } = told;
  const wanted = decision.code !== "notify_only";
  if (failed && !wanted) return [];
  const tag = facts.relation === "behind" || facts.relation === "diverged" ? facts.confirmed?.tag : undefined;
  const back = tag === null || tag === undefined ? {} : { back: tag };
  return tellRelease(on, { event: wanted ? "rollback_refused" : "trouble", run, why, refused: decision.why, ...back });
}

async function gatherFacts(
  { store, mirror, catalogue, now }: Taking,
  run: Run,
  { trouble, onTrouble, safe }: Met,
): Promise<TakeBackFacts> {
  const [newest, holds, confirmed, brought] = await Promise.all([
    store.newestAccepted(run.stack),
    store.holds(now(), run.stack),
    store.lastConfirmed(run.stack, run.id),
    findDeploy(store, run),
  ]);
  const { rollback, triggeredBy } = brought;
  const asked = {
    onTrouble,
    trouble,
    run: { ...run, rollback, triggeredBy },
    newest: newest ?? null,
    holds,
    confirmed: confirmed ?? null,
  };
  const nothing = { relation: "unknown", tagStands: false, dataChanged: null, irreversible: null } as const;
  if (!confirmed) return { ...asked, ...nothing };
  const way = { from: run.commit, to: confirmed.commit };
  const relation = await relate(mirror, way);
  // What is asked of Git only where it matters.
  if (onTrouble !== "rollback" || (relation !== "behind" && relation !== "diverged")) {
    return { ...asked, ...nothing, relation };
  }
  const [named, irreversible, dataChanged] = await Promise.all([
    confirmed.tag === null ? undefined : mirror.tagCommit(confirmed.tag),
    findIrreversible(mirror, way),
    compareData({ mirror, catalogue }, run.stack, { ...way, safe }),
  ]);
  return { ...asked, relation, tagStands: named === confirmed.commit, irreversible, dataChanged };
}

/** Who brought a release that a sync only brought once more: whether somebody went back to it, that tells. */
async function findDeploy(store: Pick<Store, "runs">, run: Run): Promise<Run> {
  if (RUN_KINDS[run.kind].choosesRelease) return run;
  const deploys = kindsWith({ changesStack: true, choosesRelease: true });
  // Those that came to nothing before they began chose nothing.
  const [last] = await store.runs({
    stack: run.stack,
    kinds: deploys,
    states: ["succeeded", "failed"],
    before: run,
    limit: 1,
  });
  return last?.commit === run.commit ? last : run;
}

/** Where the release to go back to stands to the one in trouble. */
async function relate(mirror: Pick<Mirror, "isAncestor" | "hasCommit">, { from, to }: { from: string; to: string }) {
  const [contains, isContained] = await Promise.all([mirror.isAncestor(from, to), mirror.isAncestor(to, from)]);
  const known = contains || isContained || ((await mirror.hasCommit(from)) && (await mirror.hasCommit(to)));
  return toRelation({ known, contains, isContained });
}

/**
 * Commits and tags that say `Dockmaster-Irreversible`, of those that `from` has and `to` has not, by name. Wherever in the message it
 * stands, so that a trailer that somebody wrote a line below is not missed. Null when Git cannot tell.
 */
async function findIrreversible(
  mirror: Pick<Mirror, "git" | "tags" | "tagMessage">,
  { from, to }: { from: string; to: string },
): Promise<string[] | null> {
  let log: string;
  try {
    log = await mirror.git(["log", "-z", "--format=%H%n%B", `${to}..${from}`]);
  } catch {
    return null;
  }
  const commits = log.split(END_OF_COMMIT).flatMap((text) => {
    const end = text.indexOf("\n");
    return end === -1 ? [] : [{ commit: text.slice(0, end), message: text.slice(end + 1) }];
  });
  const between = new Set(commits.map(({ commit }) => commit));
  const tags = (await mirror.tags()).filter(({ commit }) => between.has(commit));
  const said = await Promise.all(
    tags.map(async ({ tag }) => (SAYS.test((await mirror.tagMessage(tag)) ?? "") ? [tag] : [])),
  );
  const named = commits.filter(({ message }) => SAYS.test(message)).map(({ commit }) => commit.slice(0, 7));
  return [...said.flat(), ...named];
}
