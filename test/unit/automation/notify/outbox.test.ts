import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createVariables } from "../../../../automation/environment.ts";
import { type Sending, startOutbox } from "../../../../automation/notify/outbox.ts";

import type { OutboxEntry, Settlement } from "../../../../automation/store/store.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each(["webhook", "pigeon", "toString"])(
  "a notice for %s, which has no address now, is given up",
  async (target) => {
    const entries = [{ run: "r", key: `failed:${target}`, target, payload: {}, attempts: 1 }] as OutboxEntry[];
    const settled: Settlement[] = [];
    const store = {
      takeOutbox: async () => entries.splice(0),
      settleOutbox: async (_entry: OutboxEntry, settlement: Settlement) => settled.push(settlement),
    };
    const log = { warn() {}, error: console.error };
    const runner = { store, log, variables: createVariables({}), now: Date.now } as unknown as Sending;
    const outbox = startOutbox(runner);
    await vi.advanceTimersByTimeAsync(2_000);
    await outbox.stop();
    expect(settled).toEqual([{ as: "given up", error: "the target has no address any more" }]);
  },
);
