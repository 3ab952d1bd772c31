import { expect, test, vi } from "vitest";
import { findDeploy, gatherDeployFacts } from "../../../../automation/accept/facts.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import type { Mirror } from "../../../../automation/git/mirror.ts";
import type { Store } from "../../../../automation/store/store.ts";

const question = { stack: "staging", tag: "v1.0.1", commit: "c1", rollback: false, replayable: false };

function around() {
  const pinTag = vi.fn(async (_: string, commit: string) => commit);
  const store = { newestAccepted: async () => undefined, stackRelease: async () => undefined, pinTag };
  return { pinTag, options: { mirror: {} as Mirror, store: store as unknown as Store, branch: "main", now: 0 } };
}

test("a release that does not have what is asked for leaves nothing behind", async () => {
  const { pinTag, options } = around();
  const refused = new Error("there is no such service");
  await expect(gatherDeployFacts(question, { ...options, allowed: Promise.reject(refused) })).rejects.toBe(refused);
  expect(pinTag).not.toHaveBeenCalled();
});

test("the commit of a tag is remembered for one that has", async () => {
  const { pinTag, options } = around();
  const { facts } = await gatherDeployFacts(question, { ...options, allowed: Promise.resolve() });
  expect(pinTag).toHaveBeenCalledWith("v1.0.1", "c1", 0);
  expect(facts.target.firstCommit).toBe("c1");
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
