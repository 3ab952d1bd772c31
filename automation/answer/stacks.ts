import type { z } from "zod";
import type { confirmedView, confirmingView, stackView } from "../api/views.ts";
import type { Confirmation } from "../domain/confirming/confirmation.ts";
import { isDrift } from "../domain/drift.ts";
import { assessHealth } from "../domain/health.ts";
import type { Run } from "../domain/run.ts";
import { kindsWith, UPDATES } from "../domain/run-kinds.ts";
import { assessWatched, type Observation } from "../domain/watching/observation.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Watch } from "../store/stack/observing.ts";
import type { Store } from "../store/store.ts";
import { toHoldView } from "./hold-view.ts";
import { toWatchView } from "./observations.ts";
import { toWaitingView } from "./report.ts";
import { toTimestamp } from "./timestamp.ts";

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
    /** How often each stack is looked at, in milliseconds; 0: never. */
    watchIntervalMs: number;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** All environments of the main branch. Git is read as of the last fetch. Null stands for "not known". */
export async function describeStacks(on: Described): Promise<StackView[]> {
  const { mirror, catalogue, config, store } = on;
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined) return [];
  const [stacks, watches, open] = await Promise.all([
    catalogue.stacks(head),
    store.watches(),
    store.openObservations(),
  ]);
  return Promise.all(
    stacks.map((stack) =>
      describeStack(on, stack, {
        head,
        watch: watches.find((each) => each.stack === stack),
        open: open.filter((each) => each.stack === stack),
      }),
    ),
  );
}

/** What was read of all stacks at once. */
interface Around {
  head: string;
  watch: Watch | undefined;
  open: Observation[];
}

async function describeStack(
  { store, mirror, config, now }: Described,
  stack: string,
  { head, watch, open }: Around,
): Promise<StackView> {
  const [release, last, update, drifted, waiting, holds, confirmed, newest] = await Promise.all([
    store.stackRelease(stack),
    readLastLook(store, stack),
    readLastUpdate(store, stack),
    countDrifted(store, stack),
    store.runs({ stack, kinds: UPDATES, states: ["waiting"] }),
    store.holds(now(), stack),
    store.lastConfirmed(stack),
    store.newestConfirmation(stack),
  ]);
  const heldBack = waiting.find(({ gate }) => gate);
  const waits = waiting.find(({ gate }) => !gate);
  const told = { healthy: last ? assessHealth(last) : null, drift: drifted === null ? null : drifted > 0 };
  const seen = isNewer(watch, last) ? assessWatched(watch?.memory?.verdict, open) : undefined;
  return {
    env: stack,
    tag: release?.tag ?? null,
    commit: release?.commit ?? null,
    since: release ? toTimestamp(release.since) : null,
    ...(seen ?? told),
    behind_by: release ? await mirror.countBetween(release.commit, head) : null,
    ...(waits ? toWaitingView(waits) : {}),
    holds: holds.map(toHoldView),
    ...(heldBack ? { held_back: { run: heldBack.id, tag: heldBack.tag, commit: heldBack.commit } } : {}),
    confirmed: confirmed ? toConfirmedView(confirmed) : null,
    confirming: newest ? toConfirmingView(newest) : null,
    watch: toWatchView(watch, { open, last: update, isOff: config.watchIntervalMs === 0 }),
  };
}

/** The release of a stack that was confirmed last. */
function toConfirmedView({ tag, commit, endedAt, begunAt }: Confirmation): z.output<typeof confirmedView> {
  return { tag, commit, at: toTimestamp(endedAt ?? begunAt) };
}

/** What becomes of a release after its update. */
function toConfirmingView(watched: Confirmation): z.output<typeof confirmingView> {
  const { run, tag, commit, state, begunAt, until, endedAt, data } = watched;
  const { why, back } = data;
  return {
    ...{ run, tag, commit, state },
    since: toTimestamp(begunAt),
    until: toTimestamp(until),
    ended_at: toTimestamp(endedAt),
    ...(why === undefined ? {} : { why }),
    ...(back === undefined ? {} : { rollback: back }),
  };
}

/** Whether the last look came after the last run that saw the services. */
function isNewer(watch: Watch | undefined, last: Run | undefined): boolean {
  return (watch?.lookedAt ?? 0) > (last?.finishedAt ?? 0);
}

/** The newest run that saw the stack's services, or tried to: an update, or a drift check. */
async function readLastLook(store: Store, stack: string): Promise<Run | undefined> {
  const [[checked], last] = await Promise.all([
    store.runs({ stack, kinds: DRIFT_CHECKS, states: ["succeeded", "failed"], limit: 1 }),
    readLastUpdate(store, stack),
  ]);
  return checked && (!last || checked.id > last.id) ? checked : last;
}

/** The last update of a stack that ended. */
export async function readLastUpdate(store: Store, stack: string): Promise<Run | undefined> {
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
