import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Canceling, cancelRun } from "../../../../automation/accept/runs.ts";
import { startWorker, type Worker, type WorkerContext } from "../../../../automation/claim/worker.ts";
import { createDispatch, type Dispatching } from "../../../../automation/dispatch/dispatch.ts";
import type { Run, RunState } from "../../../../automation/domain/run.ts";
import type { RunKind } from "../../../../automation/domain/run-kinds.ts";
import { RequestError } from "../../../../automation/errors.ts";
import { openStore } from "../../../../automation/store/open.ts";
import type { Store } from "../../../../automation/store/store.ts";

const T0 = 1_780_000_000_000;
const MINUTE = 60_000;

let folder: string;
let store: Store;
let worker: Worker;
let away: boolean;
let tries: number;
let now: number;
let runner: WorkerContext & Dispatching & Canceling;

const open = async () => {
  store = await openStore(`sqlite:${join(folder, "runs.db")}`);
  const log = { child: () => log, info: () => {}, warn: () => {}, error: () => {} };
  runner = {
    store,
    // A remote that is away, and then one whose release has no such stack: the run ends, and no engine is needed.
    mirror: {
      fetch: async () => {
        tries += 1;
        if (away) throw new RequestError("git_unreachable");
      },
    },
    catalogue: { services: async () => undefined },
    config: {
      gitBranch: "main",
      runTimeoutMs: 1_000_000,
      outagePatienceMs: 30 * MINUTE,
      concurrency: 2,
    },
    variables: { get: () => undefined },
    metrics: { phases: { observe: () => {} }, runs: { inc: () => {} }, services: { inc: () => {} } },
    log,
    mask: (text: string) => text,
    now: () => now,
    changed: () => {},
  } as unknown as typeof runner;
  worker = startWorker(runner, `worker ${Math.random()}`, createDispatch(runner));
};
const close = async () => {
  await worker.stop(0);
  await store.close();
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-retry-"));
  [away, tries, now] = [true, 0, T0];
  await open();
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

const accept = async (kind: RunKind, commit: string) => {
  const { run } = await store.accept(
    {
      kind,
      stack: "staging",
      tag: null,
      commit: commit.repeat(40),
      services: null,
      rollback: false,
      triggeredBy: "ada",
      reason: null,
      requestId: "r",
    },
    now,
  );
  worker.wake();
  return run.id;
};

/** The run, once it is in this state and nobody works on it. */
const comesTo = (id: string, state: RunState, since = 0): Promise<Run> =>
  vi.waitFor(
    async () => {
      const run = await store.run(id);
      expect({ state: run?.state, tried: tries > since }).toEqual({ state, tried: true });
      expect(worker.running()).toEqual([]);
      return run!;
    },
    { timeout: 10_000, interval: 20 },
  );

/** Lets the time come at which a waiting run is tried again. */
const passTo = (at: number) => {
  now = at;
  worker.wake();
};

test.each<RunKind>(["deploy", "preview"])("a %s waits for what is away, and says so", async (kind) => {
  const id = await accept(kind, "a");
  const run = await comesTo(id, "waiting");
  expect(run).toMatchObject({
    finishedAt: null,
    cause: { message: expect.stringContaining(`is away since ${new Date(T0).toISOString()}`) },
    outage: { of: "git", since: T0, until: T0 + 30 * MINUTE, next: T0 + 5_000, tries: 1 },
  });
});

test("a run that waits is tried again when it is due, not before, and in growing steps", async () => {
  const id = await accept("deploy", "a");
  await comesTo(id, "waiting");
  passTo(T0 + 4_999);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(tries).toBe(1);
  passTo(T0 + 5_000);
  expect((await comesTo(id, "waiting", 1)).outage).toMatchObject({ next: T0 + 15_000, tries: 2, since: T0 });
  away = false;
  passTo(T0 + 15_000);
  expect((await comesTo(id, "failed")).cause?.message).toContain("Pulumi.staging.yaml");
});

test("what is away longer than the patience ends the run, with since when it was away", async () => {
  const id = await accept("deploy", "a");
  await comesTo(id, "waiting");
  passTo(T0 + 30 * MINUTE);
  const { cause } = await comesTo(id, "failed");
  expect(cause?.message).toContain(`away since ${new Date(T0).toISOString()}, and was waited for`);
});

test("a newer release takes the place of one that waits, and knows since when it is away", async () => {
  const old = await accept("deploy", "a");
  await comesTo(old, "waiting");
  now = T0 + 2_000;
  const next = await accept("deploy", "b");
  const run = await comesTo(next, "waiting", 1);
  expect(run.outage).toMatchObject({ since: T0, until: T0 + 2_000 + 30 * MINUTE, tries: 1 });
  expect(await store.run(old)).toMatchObject({ state: "superseded", supersededBy: next });
});

test("a preview that waits holds no release up, and neither does a release hold a preview up", async () => {
  const preview = await accept("preview", "a");
  await comesTo(preview, "waiting");
  const release = await accept("deploy", "b");
  await comesTo(release, "waiting", 1);
  const another = await accept("preview", "c");
  await comesTo(another, "waiting", 2);
  expect((await store.run(preview))?.state).toBe("waiting");
});

test("a restart forgets neither since when, nor until when, nor that a try is due", async () => {
  const id = await accept("deploy", "a");
  const before = await comesTo(id, "waiting");
  await close();
  await open();
  expect((await store.run(id))?.outage).toEqual(before.outage);
  expect(tries).toBe(1);
  away = false;
  passTo(T0 + 60_000);
  await comesTo(id, "failed", 1);
});

test("who asks for the same again while it waits has it tried at once", async () => {
  const id = await accept("deploy", "a");
  await comesTo(id, "waiting");
  away = false;
  now = T0 + 1_000;
  expect(await accept("deploy", "a")).toBe(id);
  await comesTo(id, "failed", 1);
});

test("a run that waits can be canceled", async () => {
  const id = await accept("deploy", "a");
  await comesTo(id, "waiting");
  expect(await cancelRun(runner, id, { form: "v2", nonce: "n", rights: new Set(["change"]) })).toMatchObject({
    state: "canceled",
    cause: { message: "somebody canceled the run between two tries" },
  });
  passTo(T0 + 60_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(tries).toBe(1);
});

test("without patience nothing waits", async () => {
  runner.config.outagePatienceMs = 0;
  const id = await accept("deploy", "a");
  expect((await comesTo(id, "failed")).cause?.message).toBe("The Git repository cannot be read");
});
