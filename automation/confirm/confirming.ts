import { setTimeout as delay } from "node:timers/promises";
import type { Confirmation } from "../domain/confirming/confirmation.ts";
import { type Trouble, troubleOfFailure } from "../domain/confirming/trouble.ts";
import { type ChecksSay, decideWatched } from "../domain/confirming/watched.ts";
import type { Run } from "../domain/run.ts";
import { UPDATES } from "../domain/run-kinds.ts";
import { tellHold } from "../notify/hold-notices.ts";
import { tellRelease } from "../notify/release-notices.ts";
import type { AfterRelease, ReadPolicy } from "./policy.ts";
import { meetTrouble, type Taking } from "./take-back.ts";

/** What releases are confirmed, and taken back, with. */
export interface Confirming extends Taking {
  policy: ReadPolicy;
  config: {
    /** How often each stack is looked at, in milliseconds; 0: never. */
    watchIntervalMs: number;
  };
  /** What the checks that are to hold while a release is watched say now. */
  askChecks(confirmation: Confirmation, run: Run, signal: AbortSignal): Promise<ChecksSay>;
}

/** How often what is open is looked at, in milliseconds. */
const EVERY = 2_000;

/** How long nobody may look before it counts, in milliseconds, and in looks. */
const TOLERATED = 5 * 60_000;
const TOLERATED_LOOKS = 3;

/**
 * Follows releases after their updates until they are confirmed or in trouble, and ends holds whose time is over, until it is stopped.
 * `wake`: there is a run to carry out.
 */
export function startConfirming(on: Confirming, wake: () => void): { wake(): void; stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let woken = Promise.withResolvers<void>();
  const go = async () => {
    while (!signal.aborted) {
      await round(on, wake, signal).catch((err: unknown) => {
        if (!signal.aborted) on.log.error({ event: "confirming.failed", err });
      });
      await Promise.race([woken.promise, delay(EVERY, undefined, { signal, ref: false })]).catch(() => {});
      woken = Promise.withResolvers();
    }
  };
  const going = go();
  return {
    wake: () => woken.resolve(),
    stop: async () => {
      stopping.abort(new Error("the runner stops"));
      await going;
    },
  };
}

/** One look at all that is open. Exported for tests, which have a clock of their own. */
export async function round(on: Confirming, wake: () => void, signal: AbortSignal): Promise<void> {
  const { store, log, now } = on;
  for (const { id, stack, by } of await store.endHoldsInTime(now(), tellHold(on, "hold_ended"))) {
    log.info({ event: "hold.ended", hold: id, stack, by });
    wake();
  }
  for (const confirmation of await store.openConfirmations()) {
    if (signal.aborted) return;
    try {
      if (await goOn(on, confirmation, signal)) wake();
    } catch (err) {
      // The others are no worse for it, and this one is tried again.
      if (!signal.aborted)
        log.error({ event: "confirming.failed", run: confirmation.run, stack: confirmation.stack, err });
    }
  }
}

/** Brings one a step on. Returns whether a run was asked for. */
async function goOn(on: Confirming, confirmation: Confirmation, signal: AbortSignal): Promise<boolean> {
  const { store } = on;
  const { stack } = confirmation;
  // Nothing is judged while an update is under way, or about to be: its end says what becomes of this one.
  const [active] = await store.runs({ stack, kinds: UPDATES, states: ["queued", "running"], limit: 1 });
  if (active) return false;
  const [run, policy] = await Promise.all([store.run(confirmation.run), on.policy(stack)]);
  // What cannot be read now is read later.
  if (!run || !policy) return false;
  const { onTrouble, safe } = policy;
  const trouble = (found: Trouble) => meetTrouble(on, confirmation, run, { trouble: found, onTrouble, safe });
  if (confirmation.data.failed) return trouble(troubleOfFailure(run));
  if (confirmation.state === "begun") {
    await begin(on, confirmation, policy);
    return false;
  }
  const decision = decideWatched({
    ...(await gather(on, confirmation)),
    checks: await on.askChecks(confirmation, run, signal),
    until: confirmation.until ?? confirmation.begunAt,
    seenAt: confirmation.data.seenAt ?? confirmation.begunAt,
    toleratedMs: Math.max(TOLERATED, TOLERATED_LOOKS * on.config.watchIntervalMs),
    now: on.now(),
  });
  switch (decision.do) {
    case "trouble":
      return trouble(decision.trouble);
    case "confirm":
      await confirm(on, confirmation, run);
      return false;
    case "give up":
      await settleAs(on, confirmation, "unknown", decision.why);
      return false;
    case "wait": {
      const { until, seenAt } = decision;
      const isNew = until !== confirmation.until || seenAt !== (confirmation.data.seenAt ?? confirmation.begunAt);
      if (isNew) {
        await store.settle({ run: run.id, from: "watching", to: "watching", until, data: { seenAt } }, on.now());
      }
      return false;
    }
  }
}

/**
 * Whether a look's findings are left to what follows the release that is watched: it may go back, and healing it would only hide that it
 * does not run.
 */
export async function isLeftToReturn(on: Pick<Confirming, "store" | "policy">, stack: string): Promise<boolean> {
  const open = (await on.store.openConfirmations()).find((each) => each.stack === stack);
  if (!open || (await on.policy(stack))?.onTrouble !== "rollback") return false;
  const { observations } = await gather(on, open);
  return observations.some(({ kind, endedAt }) => kind !== "changed" && endedAt === null);
}

/** What looks found since the update, and how the last one came out. */
async function gather({ store }: Pick<Confirming, "store">, { stack, begunAt }: Confirmation) {
  const [observations, watches] = await Promise.all([store.observationsSince(stack, begunAt), store.watches()]);
  const watch = watches.find((each) => each.stack === stack);
  const isSince = watch?.lookedAt !== null && watch?.lookedAt !== undefined && watch.lookedAt > begunAt;
  return {
    observations: observations.filter(({ seenAt }) => seenAt >= begunAt),
    look: isSince ? { at: watch.lookedAt ?? 0, verdict: watch.memory?.verdict ?? null } : null,
  };
}

/** Begins to watch a release, or says why nobody does. */
async function begin(on: Confirming, confirmation: Confirmation, { watchMs, wrong }: AfterRelease): Promise<void> {
  const { store, log, now, config } = on;
  const { run, stack, tag, begunAt } = confirmation;
  if (wrong !== undefined) return settleAs(on, confirmation, "unwatched", `on main's head ${wrong}`);
  if (watchMs === 0) return settleAs(on, confirmation, "unwatched", "promotion:watch is 0");
  if (config.watchIntervalMs === 0) return settleAs(on, confirmation, "unwatched", "WATCH_INTERVAL is 0: nobody looks");
  if (!(await store.leftBehind(stack))) {
    return settleAs(
      on,
      confirmation,
      "unwatched",
      "the release is older than the look, or could not tell what it left",
    );
  }
  const until = begunAt + watchMs;
  if (await store.settle({ run, from: "begun", to: "watching", until }, now())) {
    log.info({ event: "release.watched", run, stack, tag, until: new Date(until).toISOString() });
  }
}

async function confirm(on: Confirming, { begunAt }: Confirmation, run: Run): Promise<void> {
  const why = `nothing restarted or got unhealthy since ${new Date(begunAt).toISOString()}`;
  const notices = tellRelease(on, { event: "confirmed", run, why });
  if (await on.store.settle({ run: run.id, from: "watching", to: "confirmed", notices }, on.now())) {
    on.log.info({ event: "release.confirmed", run: run.id, stack: run.stack, tag: run.tag });
  }
}

async function settleAs(
  { store, log, now }: Confirming,
  { run, stack, tag, state }: Confirmation,
  to: "unwatched" | "unknown",
  why: string,
): Promise<void> {
  if (await store.settle({ run, from: state, to, data: { why } }, now())) {
    log[to === "unknown" ? "warn" : "info"]({ event: "release.not_watched", run, stack, tag, reason: why });
  }
}
