import { afterEach, expect, test, vi } from "vitest";
import { startWorker, type Worker, type WorkerContext } from "../../../../automation/claim/worker.ts";
import type { Outage } from "../../../../automation/domain/run.ts";
import type { Log } from "../../../../automation/log.ts";
import { type Claim, StoreUnavailable } from "../../../../automation/store/store.ts";

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
    stackRelease: async () => undefined,
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
  } as unknown as WorkerContext;
  return { clock, claim, runner, ended, log, store: all };
}

let worker: Worker | undefined;
afterEach(async () => {
  await worker?.stop(0);
});

const succeed = async () => ({ verdict: { next: "succeed", cause: null } as const, outcomes: [] });

test("how a run ended is written once the store is there again", async () => {
  let calls = 0;
  const harness = around({
    transition: vi.fn(async (_id: string, event: string) => {
      calls += 1;
      if (calls === 1) throw new StoreUnavailable("the connection was terminated");
      return { ...harness.claim.run, state: `${event}ed` };
    }),
  });
  worker = startWorker(harness.runner, "me", succeed);
  await vi.waitFor(() => expect(harness.store.release).toHaveBeenCalled(), 5_000);
  expect(vi.mocked(harness.store.transition).mock.calls.map(([, event]) => event)).toEqual(["succeed", "succeed"]);
});

test("a run is not called failed because the store is away", async () => {
  const { runner, store, ended } = around({});
  worker = startWorker(runner, "me", async () => {
    throw new StoreUnavailable("nobody answers");
  });
  await vi.waitFor(() => expect(store.release).toHaveBeenCalled(), 5_000);
  expect(ended).not.toHaveBeenCalled();
});

test("a run that is handed back is not told to have finished, and what was done is not forgotten", async () => {
  const ended = vi.fn(async () => ({ id: "run-1", stack: "staging", state: "queued", outcomes: [] }));
  const { runner, store, log } = around({ transition: ended });
  const done = { service: "redis", result: "changed" as const, reason: "changed: composeFile" };
  worker = startWorker(runner, "me", async () => ({
    verdict: { next: "requeue", cause: null },
    outcomes: [done, { service: "postgres", result: "canceled", reason: "not started" }],
  }));
  await vi.waitFor(() => expect(store.release).toHaveBeenCalled(), 5_000);
  expect(ended.mock.calls.map(([, event, patch]: unknown[]) => [event, patch])).toEqual([
    ["requeue", { outcomes: [done] }],
  ]);
  const logged = vi.mocked(log.info as Log["info"]).mock.calls.map(([{ event }]) => event);
  expect(logged).toEqual(["run.started", "run.handed_back"]);
});

test("that Vault is away is logged when a run begins to wait for it, not only when it gives up", async () => {
  const outage: Outage = { of: "vault", since: 0, until: 1, next: 1, tries: 1, attempts: 1, told: false };
  const cause = { code: "vault_unreachable" as const, message: "Vault is away", hint: "" };
  const { runner, store, log } = around({
    transition: async () => ({ id: "run-1", stack: "staging", state: "waiting", outage, cause, outcomes: [] }),
  });
  worker = startWorker(runner, "me", async () => ({ verdict: { next: "hold", cause, outage }, outcomes: [] }));
  await vi.waitFor(() => expect(store.release).toHaveBeenCalled(), 5_000);
  expect(log.warn).toHaveBeenCalledWith({ event: "vault.unreachable", reason: "Vault is away" });
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

test("what the work is told of a run is plain data, so that it may be another process's", async () => {
  const perform = vi.fn(succeed);
  const { runner, store, claim } = around({
    stackRelease: async () => ({ stack: "staging", tag: "v1.0.0", commit: "c", run: "run-0", since: 0 }),
    runs: async () => [{ id: "run-0", stack: "staging", state: "failed", attempts: 1, session: null, cause: null }],
  });
  worker = startWorker(runner, "me", perform);
  await vi.waitFor(() => expect(store.release).toHaveBeenCalled(), 5_000);
  const [spec] = perform.mock.calls[0] as unknown as [object];
  expect(structuredClone(spec)).toEqual({
    run: claim.run,
    before: expect.objectContaining({ id: "run-0" }),
    known: true,
  });
});
