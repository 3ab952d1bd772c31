import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds since the epoch, and a pause; tests give one that jumps. */
export interface Clock {
  now(): number;
  /** Resolves at `at`; rejects when the signal is aborted first. */
  until(at: number, signal: AbortSignal): Promise<void>;
}

export const wallClock: Clock = {
  now: () => Date.now(),
  until: async (at, signal) => {
    // A timer may fire a millisecond early; the loop never returns before its moment.
    for (let left = at - Date.now(); left > 0; left = at - Date.now())
      await delay(Math.min(left, 2 ** 30), undefined, { signal });
    signal.throwIfAborted();
  },
};
