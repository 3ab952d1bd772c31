import { expect, test } from "vitest";
import { createDispatch, type Dispatching } from "../../../../automation/dispatch/dispatch.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import type { KeptLeft } from "../../../../automation/store/store.ts";
import type { RunEvents, RunSpec } from "../../../../automation/work/perform.ts";

const NOW = 1_780_000_000_000;
const OLD = "a".repeat(40);
const NEW = "b".repeat(40);
const serverUrl = "https://dokploy.example.org";
const resource = { type: "environment", id: "e1", organizationId: "o", serverUrl, parts: {} } as const;
const kept: KeptLeft = {
  ...{ stack: "staging", run: "r0", keptAt: NOW - 1, commit: OLD, program: "p0" },
  left: { format: 1, settings: "s", state: "platform/m", resources: [resource] },
  services: [{ service: "redis" }],
  checked: { at: NOW - 1, version: "1.0.0" },
};
const asLeft = {
  ...{ at: NOW, took: 1, proven: {} },
  resources: [{ type: "environment", name: "e1", is: "left", differs: [], containers: [], starting: false }],
};
const events: RunEvents = {
  append: async () => {},
  note: async () => {},
  leaseUntil: () => NOW + 8_000,
  phaseEnded: () => {},
  lockRemoved: () => {},
};
const run = (over: Partial<Run> = {}) =>
  ({
    ...{ id: "r1", kind: "deploy", stack: "staging", tag: null, commit: NEW, state: "running", rollback: true },
    ...{ attempts: 0, session: null, outcomes: [], services: null },
    ...over,
  }) as Run;

/** A door whose looks answer `look`, and whose programs are all alike. */
function dispatch(look: (signal: AbortSignal) => Promise<unknown>) {
  const log = { child: () => log, info: () => {}, warn: () => {}, error: () => {} };
  return createDispatch({
    store: { leftBehind: async () => kept, forgetLeft: async () => {} },
    programs: { digest: async () => "p0" },
    engines: { isThere: () => true, find: async () => ({ look: (_: unknown, signal: AbortSignal) => look(signal) }) },
    mirror: { fetch: async () => {}, isAncestor: async () => true, branchHead: async () => NEW, tags: async () => [] },
    catalogue: { services: async () => ["redis"] },
    config: { gitBranch: "main", runTimeoutMs: 60_000, outagePatienceMs: 60_000 },
    proven: new Map(),
    version: "1.0.0",
    log,
    now: () => NOW,
  } as unknown as Dispatching);
}

test("a release that a look found to be what is there is the one that is kept as left, so that what is changed by hand then is brought back to it", async () => {
  const spec: RunSpec = { run: run(), before: undefined, known: true };
  const ending = await dispatch(async () => ({ look: asLeft }))(spec, events, new AbortController().signal);
  expect(ending).toMatchObject({ verdict: { next: "succeed" }, answeredBy: "look", kept: { ...kept, commit: NEW } });
});

test.each<[string, Partial<Run>]>([
  ["the same release", { commit: OLD }],
  ["a drift check", { kind: "drift" }],
])("nothing is kept anew of %s", async (_, over) => {
  const spec: RunSpec = { run: run(over), before: undefined, known: true };
  const ending = await dispatch(async () => ({ look: asLeft }))(spec, events, new AbortController().signal);
  expect(ending).toMatchObject({ answeredBy: "look" });
  expect(ending).not.toHaveProperty("kept");
});

test("a run that is canceled while it is only looked at is canceled, and does not come back to the queue", async () => {
  const stop = new AbortController();
  const look = async () => {
    stop.abort("cancel");
    throw new Error("aborted");
  };
  const spec: RunSpec = { run: run(), before: undefined, known: true, only: "look" };
  const ending = await dispatch(look)(spec, events, stop.signal);
  expect(ending.verdict).toMatchObject({ next: "cancel" });
});
