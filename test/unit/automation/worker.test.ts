import { afterEach, expect, test, vi } from "vitest";
import type { Log } from "../../../automation/log.ts";
import type { Runner } from "../../../automation/runner.ts";
import { type Claim, StoreUnavailable } from "../../../automation/store/store.ts";
import { startWorker, type Worker } from "../../../automation/worker.ts";

/** A worker upon a store that holds one run; `store` takes the place of what a test is about. */
function around(store: Record<string, unknown>) {
  const clock = { now: 1_000_000 };
  const claim = {
    run: { id: "run-1", stack: "staging", kind: "deploy", state: "running", attempts: 1, outcomes: [] },
    lease: { stack: "staging", owner: "me", fence: 1, expiresAt: clock.now + 8_000 },
  } as unknown as Claim;
  const queue = [claim];
  const ended = vi.fn(async (_id: string, event: string) => ({ ...claim.run, state: event }));
  const log: Record<string, unknown> = {};
  for (const level of ["info", "warn", "error"]) log[level] = vi.fn();
  log.child = () => log;
  const all = {
    claim: vi.fn(async () => queue.shift()),
    releaseGone: async () => [],
    release: vi.fn(async () => {}),
    renew: async () => true,
    cancelRequested: async () => false,
    runs: async () => [],
    transition: ended,
    ...store,
  };
  const runner = {
    store: all,
    log: log as unknown as Log,
    config: { concurrency: 4, runTimeoutMs: 60_000 },
    mask: (text: string) => text,
    variables: { get: () => undefined },
    changed: () => {},
    metrics: {
      runs: { inc: () => {} },
      services: { inc: () => {} },
      lastSuccess: { set: () => {} },
      phases: { observe: () => {} },
    },
    now: () => clock.now,
  } as unknown as Runner;
  return { clock, claim, runner, ended, log, store: all };
}

let worker: Worker | undefined;
afterEach(async () => {
  await worker?.stop(0);
});

const succeed = async () => ({ verdict: { next: "succeed", cause: null } as const, outcomes: [] });

test("how a run ended is written once the store is there again", async () => {
  let calls = 0;
  const world = around({
    transition: vi.fn(async (_id: string, event: string) => {
      calls += 1;
      if (calls === 1) throw new StoreUnavailable("the connection was terminated");
      return { ...world.claim.run, state: `${event}ed` };
    }),
  });
  worker = startWorker(world.runner, "me", succeed);
  await vi.waitFor(() => expect(world.store.release).toHaveBeenCalled(), 5_000);
  expect(vi.mocked(world.store.transition).mock.calls.map(([, event]) => event)).toEqual(["succeed", "succeed"]);
});

test("a run is not called failed because the store is away", async () => {
  const { runner, store, ended } = around({});
  worker = startWorker(runner, "me", async () => {
    throw new StoreUnavailable("nobody answers");
  });
  await vi.waitFor(() => expect(store.release).toHaveBeenCalled(), 5_000);
  expect(ended).not.toHaveBeenCalled();
});

test("after a pause of the machine a runner does not take up its own run a second time", async () => {
  const held = Promise.withResolvers<void>();
  const { runner, clock, claim, store } = around({ renew: async () => true });
  worker = startWorker(runner, "me", async () => {
    await held.promise;
    return succeed();
  });
  await vi.waitFor(() => expect(worker?.running()).toEqual(["run-1"]));
  await vi.waitFor(() => expect(claim.lease.expiresAt).toBeGreaterThan(clock.now));
  const before = store.claim.mock.calls.length;
  clock.now += 20_000;
  worker.wake();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(store.claim.mock.calls.length).toBe(before);
  claim.lease.expiresAt = clock.now + 8_000;
  worker.wake();
  await vi.waitFor(() => expect(store.claim.mock.calls.length).toBeGreaterThan(before));
  held.resolve();
});
