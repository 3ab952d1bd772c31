import type { z } from "zod";
import type { stackView } from "../api/schemas.ts";
import { isDrift } from "../domain/drift.ts";
import { assessHealth } from "../domain/health.ts";
import type { Run } from "../domain/run.ts";
import { kindsWith, UPDATES } from "../domain/run-kinds.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Store } from "../store/store.ts";
import { toConfirmedView, toWatchedView } from "./confirmation-view.ts";
import { toHoldView } from "./hold-view.ts";
import { toWaitingView } from "./report.ts";

const DRIFT_CHECKS = kindsWith({ answers: "drift" });

/** What an environment runs, as `GET /stacks` shows it. */
export type StackView = z.output<typeof stackView>;

/** Where it is read. */
export interface Described {
  store: Store;
  mirror: Mirror;
  catalogue: Catalogue;
  config: {
    /** The branch that releases are cut from. */
    gitBranch: string;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** All environments of the main branch. Git is read as of the last fetch. Null stands for "not known". */
export async function describeStacks(on: Described): Promise<StackView[]> {
  const { mirror, catalogue, config } = on;
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined) return [];
  const stacks = await catalogue.stacks(head);
  return Promise.all(stacks.map((stack) => describeStack(on, stack, head)));
}

async function describeStack({ store, mirror, now }: Described, stack: string, head: string): Promise<StackView> {
  const [release, last, drifted, waiting, holds, confirmed, watched] = await Promise.all([
    store.stackRelease(stack),
    readLastLook(store, stack),
    countDrifted(store, stack),
    store.runs({ stack, kinds: UPDATES, states: ["waiting"] }),
    store.holds(now(), stack),
    store.lastConfirmed(stack),
    store.newestConfirmation(stack),
  ]);
  const heldBack = waiting.find(({ gate }) => gate);
  const waits = waiting.find(({ gate }) => !gate);
  return {
    env: stack,
    tag: release?.tag ?? null,
    commit: release?.commit ?? null,
    since: release ? new Date(release.since).toISOString() : null,
    healthy: last ? assessHealth(last) : null,
    drift: drifted === null ? null : drifted > 0,
    behind_by: release ? await mirror.countBetween(release.commit, head) : null,
    ...(waits ? toWaitingView(waits) : {}),
    holds: holds.map(toHoldView),
    ...(heldBack ? { held_back: { run: heldBack.id, tag: heldBack.tag, commit: heldBack.commit } } : {}),
    confirmed: confirmed ? toConfirmedView(confirmed) : null,
    watched: watched ? toWatchedView(watched) : null,
  };
}

/** The newest run that saw the stack's services, or tried to: an update, or a drift check. */
async function readLastLook(store: Store, stack: string): Promise<Run | undefined> {
  const [[checked], last] = await Promise.all([
    store.runs({ stack, kinds: DRIFT_CHECKS, states: ["succeeded", "failed"], limit: 1 }),
    readLastUpdate(store, stack),
  ]);
  return checked && (!last || checked.id > last.id) ? checked : last;
}

async function readLastUpdate(store: Store, stack: string): Promise<Run | undefined> {
  const states = ["succeeded", "failed", "canceled"] as const;
  return (await store.runs({ stack, kinds: UPDATES, states: [...states], limit: 1 }))[0];
}

/** How many services the last check found changed by hand; not known (null) before one, or when an update came after it. */
export async function countDrifted(store: Store, stack: string): Promise<number | null> {
  const [[checked], last] = await Promise.all([
    store.runs({ stack, kinds: DRIFT_CHECKS, states: ["succeeded"], limit: 1 }),
    readLastUpdate(store, stack),
  ]);
  if (!checked || (last && last.id > checked.id)) return null;
  return checked.outcomes.filter(isDrift).length;
}
