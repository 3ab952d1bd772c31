import { expect, test, vi } from "vitest";
import { findDeploy, gatherDeployFacts, pinDecided } from "../../../../automation/accept/facts.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import type { Mirror } from "../../../../automation/git/mirror.ts";
import { type Store, StoreConflict } from "../../../../automation/store/store.ts";

const question = { stack: "staging", tag: "v1.0.1", commit: "c1", rollback: false, replayable: true, mayHotfix: false };

function around(pinned?: string) {
  const pinTag = vi.fn(async (_: string, commit: string) => pinned ?? commit);
  const store = {
    newestAccepted: async () => undefined,
    stackRelease: async () => undefined,
    pinnedCommit: async () => pinned,
    pinTag,
  };
  return { pinTag, store: store as unknown as Store, options: { mirror: {} as Mirror, branch: "main" } };
}

test("asking about a tag remembers nothing of it", async () => {
  const { pinTag, store, options } = around();
  const { facts, isPinned } = await gatherDeployFacts(question, { ...options, store });
  expect([facts.target.firstCommit, isPinned]).toEqual(["c1", false]);
  expect(pinTag).not.toHaveBeenCalled();
});

test("a tag that was decided on before has the commit of then", async () => {
  const { store, options } = around("c0");
  const { facts, isPinned } = await gatherDeployFacts(question, { ...options, store });
  expect([facts.target.firstCommit, isPinned]).toEqual(["c0", true]);
});

test("the commit of a tag is remembered once it was decided on, and a decision that came second is made again", async () => {
  const first = around();
  await pinDecided(first.store, "v1.0.1", "c1", 0);
  expect(first.pinTag).toHaveBeenCalledWith("v1.0.1", "c1", 0);
  await expect(pinDecided(around("c0").store, "v1.0.1", "c1", 0)).rejects.toThrow(StoreConflict);
});

test.each<[string, Partial<Run>, string]>([
  ["one that succeeded", { state: "succeeded" }, "new"],
  ["one that failed", { state: "failed" }, "new"],
  ["a rollback that waited, until a sync took its place and brought the stack there", { supersededBy: "sync" }, "new"],
  ["not one that came late", {}, "old"],
  ["not one that was canceled in the queue", { state: "canceled" }, "old"],
])("the last deploy of a stack is %s", async (_, run, expected) => {
  const common = { state: "superseded", startedAt: null, supersededBy: null };
  const runs = [
    { ...common, id: "new", ...run },
    { ...common, id: "old", state: "succeeded" },
  ];
  const store = { runs: async () => runs } as unknown as Store;
  expect((await findDeploy(store, "staging"))?.id).toBe(expected);
});
