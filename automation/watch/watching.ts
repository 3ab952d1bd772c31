import { setTimeout as delay } from "node:timers/promises";
import type { Observation } from "../domain/watching/observation.ts";
import { describeObservation } from "../domain/watching/observation.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { readTargets, type Sending } from "../notify/outbox.ts";
import { toWatchNotices } from "../notify/watch-notices.ts";
import type { Watch } from "../store/stack/observing.ts";
import type { Store } from "../store/store.ts";
import { createDriftModes, type DriftModesFrom } from "./drift-modes.ts";
import { askForHeal, describeStop, type Healing, planHeal } from "./heal.ts";
import { LOOK_WITHIN, type LookedAt, type Looking, lookAtStack } from "./look-at-stack.ts";

/** What watching is done with. */
export interface Watching extends Looking, DriftModesFrom {
  store: Store;
  config: DriftModesFrom["config"] & {
    /** How often each stack is looked at, in milliseconds; 0: never. */
    watchIntervalMs: number;
  };
  variables: Sending["variables"];
  metrics: Metrics;
  log: Log;
  /** Has those who follow a stack's observations look again, by `watchKey`. */
  changed(key: string): void;
  /** Whether somebody holds a stack: then nothing is brought back. Default: nobody. */
  isHeld?: Healing["isHeld"];
  /** Told of each observation that is confirmed or over, once it is written. It must not throw. */
  onObservation?(stack: string, observation: Observation): void;
}

/** How soon a second look comes, and how soon one after an update is under way, in milliseconds. */
const SOON = 5_000;
const BUSY = 10_000;
/** A look holds its stack as long as that, in milliseconds; then another runner may look. */
const HOLD = LOOK_WITHIN + 30_000;
/** How many stacks are looked at at once, and how long is slept at most, in milliseconds. */
const AT_ONCE = 4;
const LONGEST_SLEEP = 5_000;
/** So many looks must find no further restart for a container's restarts to be over. */
const QUIET_LOOKS = 10;

/** Looks at every stack that has something left behind, again and again, until it is stopped. `wake`: there is a run to carry out. */
export function startWatching(on: Watching, wake: () => void): { stop(): Promise<void> } {
  const interval = Math.ceil(on.config.watchIntervalMs);
  if (interval === 0) return { stop: async () => {} };
  const stopping = new AbortController();
  const { signal } = stopping;
  const healing: Healing = { ...on, healed: createDriftModes(on), isHeld: on.isHeld ?? (async () => false) };
  const looks = new Set<Promise<void>>();

  const look = async (watch: Watch) => {
    try {
      await lookOnce(on, healing, watch, { signal, wake });
    } catch (err) {
      if (!signal.aborted) on.log.error({ event: "watch.failed", stack: watch.stack, err });
      await on.store.postponeWatch(watch, on.now() + jitter(interval)).catch(() => {});
    }
  };
  const round = async () => {
    let next: number | undefined;
    while (!signal.aborted && looks.size < AT_ONCE) {
      // What an update has just left need not be looked at at once.
      const times = { holdMs: HOLD, mostMs: 2 * (interval + HOLD), firstMs: jitter(interval) };
      const claimed = await on.store.claimWatch(times, on.now());
      next = claimed.next;
      if (!claimed.watch) break;
      const looking = look(claimed.watch).finally(() => looks.delete(looking));
      looks.add(looking);
    }
    if (looks.size >= AT_ONCE) await Promise.race(looks);
    return Math.max(0, Math.min((next ?? Number.POSITIVE_INFINITY) - on.now(), LONGEST_SLEEP, interval));
  };
  const go = async () => {
    while (!signal.aborted) {
      const pause = await round().catch((err: unknown) => {
        on.log.error({ event: "watch.failed", err });
        return LONGEST_SLEEP;
      });
      await delay(Math.max(pause, 50), undefined, { signal, ref: false }).catch(() => {});
    }
  };
  const going = go();
  return {
    stop: async () => {
      stopping.abort(new Error("the runner stops"));
      await going;
      await Promise.all(looks);
    },
  };
}

/** By which who follows the observations of a stack is told to look again. */
export function watchKey(stack: string): string {
  return `observations of ${stack}`;
}

function jitter(ms: number): number {
  return Math.round(ms * (0.9 + 0.2 * Math.random()));
}

/** One look at a stack, and all that follows of it. Exported for tests, which have a clock of their own. */
export async function lookOnce(
  on: Watching,
  healing: Healing,
  watch: Watch,
  { signal, wake }: { signal: AbortSignal; wake(): void },
): Promise<void> {
  const { store, now } = on;
  const { stack } = watch;
  const interval = Math.ceil(on.config.watchIntervalMs);
  const soon = Math.min(SOON, interval);
  const looked = await lookAtStack(on, watch, { quietMs: QUIET_LOOKS * interval, signal });
  // Who stops here has not seen that it could not be told: it was not waited for.
  if (signal.aborted) return store.postponeWatch(watch, now());
  if (!looked) return store.postponeWatch(watch, now() + Math.min(BUSY, interval));
  const { left, memory, seen, confirmed, over, changed, dropped } = looked;
  const heal = await planHeal(healing, stack, looked);
  const notices = toWatchNotices({ stack, looked, heal, targets: readTargets(on) });
  const kept = await store.keepLook(
    {
      ...{ watch, left, memory, notices, lookedAt: left ? looked.at : null },
      dueAt: now() + (looked.soon ? soon : jitter(interval)),
      write: [...seen, ...confirmed, ...changed, ...over],
      drop: dropped.map(({ id }) => id),
    },
    looked.at,
  );
  if (!kept) return store.postponeWatch(watch, now() + soon);
  tell(on, watch, looked);
  if (heal.do === "stop") on.log.warn({ event: "heal.stopped", stack, reason: describeStop(stack, heal.services) });
  if (await askForHeal(healing, stack, heal)) wake();
}

/** Says what was written: in the log, in metrics, and to those who wait for it. */
function tell(on: Watching, { stack, memory: before }: Watch, looked: LookedAt): void {
  const { log, metrics } = on;
  const { memory, confirmed, over, restarts } = looked;
  for (const { service, times } of restarts) metrics.observedRestarts.inc({ env: stack, service }, times);
  if (memory.verdict === "unknown" && before?.verdict !== "unknown") {
    log.warn({ event: "look.unknown", stack, reason: memory.why });
  }
  for (const observation of [...confirmed, ...over]) {
    const { id, service, kind, endedAt } = observation;
    const fields = { stack, observation: id, service_name: service, kind, found: describeObservation(observation) };
    if (endedAt === null) log.warn({ event: "observation.confirmed", ...fields });
    else log.info({ event: "observation.over", ...fields });
    on.onObservation?.(stack, observation);
  }
  if (confirmed.length + over.length > 0) on.changed(watchKey(stack));
}
