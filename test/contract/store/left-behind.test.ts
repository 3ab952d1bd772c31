import { describe, expect, test } from "vitest";
import type { RunRequest } from "../../../automation/domain/run.ts";
import { type KeptLeft, type Store, StoreConflict } from "../../../automation/store/store.ts";
import { engines } from "./engines.ts";
import { usePair } from "./pair.ts";
import { commit, LEASE, mustClaim, request, succeed, T0 } from "./requests.ts";

const kept = (run: string, more: Partial<KeptLeft> = {}): KeptLeft => ({
  stack: "staging",
  run,
  keptAt: T0,
  commit: commit("a"),
  program: "p1",
  left: {
    format: 1,
    settings: "s1",
    state: "platform/m1",
    resources: [
      { type: "environment", id: "e1", organizationId: "o", serverUrl: "https://dokploy.example.org", parts: {} },
    ],
  },
  services: [{ service: "redis" }],
  checked: { at: T0, version: "1.0.0" },
  ...more,
});

for (const engine of engines()) {
  const title = `what was left, in the store on ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`;
  describe.skipIf(engine.missing)(title, () => {
    let store: Store;
    let second: Store;
    usePair(engine, (pair) => {
      ({ store, second } = pair);
    });

    /** A run that ended well and left something. */
    const leave = async (more: Partial<RunRequest> = {}): Promise<KeptLeft> => {
      const { run } = await store.accept(request(more), T0);
      const { lease } = await mustClaim(store, "one", T0);
      await store.update(run.id, { attempts: 1, session: null }, T0, lease);
      const left = kept(run.id, { stack: run.stack });
      await store.transition(run.id, "succeed", { answeredBy: "engine" }, T0, lease, [], left);
      await store.release(lease, T0);
      return left;
    };

    test("is kept with the run's good end, for every runner to read, and named", async () => {
      expect(await store.leftBehind("staging")).toBeUndefined();
      const left = await leave();
      expect(await second.leftBehind("staging")).toEqual(left);
      expect(await second.leftStacks()).toEqual(["staging"]);
      expect(await second.leftBehind("production")).toBeUndefined();
      expect(await second.run(left.run)).toMatchObject({ answeredBy: "engine" });
    });

    test.each<[string, Partial<RunRequest>, boolean]>([
      ["a deploy", {}, true],
      ["a sync", { kind: "sync" }, true],
      ["a drift check", { kind: "drift" }, false],
      ["a preview", { kind: "preview" }, false],
    ])("%s whose engine is about to begin: forgotten or not", async (_, more, forgotten) => {
      const left = await leave();
      const { run } = await store.accept(request({ commit: commit("b"), ...more }), T0 + 1);
      const { lease } = await mustClaim(store, "one", T0 + 1);
      expect(await store.leftBehind("staging")).toEqual(left);
      // What is noted of an engine that runs already changes nothing.
      await store.update(run.id, { session: null }, T0 + 1, lease);
      expect(await store.leftBehind("staging")).toEqual(left);
      await store.update(run.id, { attempts: 1, session: null }, T0 + 1, lease);
      expect(await store.leftBehind("staging")).toEqual(forgotten ? undefined : left);
    });

    test("of one stack says nothing of another", async () => {
      await leave();
      await leave({ stack: "production" });
      const { run } = await store.accept(request({ commit: commit("b") }), T0 + 1);
      const { lease } = await mustClaim(store, "one", T0 + 1);
      await store.update(run.id, { attempts: 1, session: null }, T0 + 1, lease);
      expect(await store.leftStacks()).toEqual(["production"]);
    });

    test("is neither kept nor forgotten by a run that lost its lease", async () => {
      const left = await leave();
      const { run } = await store.accept(request({ commit: commit("b") }), T0 + 1);
      const { lease } = await mustClaim(store, "one", T0 + 1);
      await mustClaim(second, "two", T0 + 1 + LEASE);
      const late = T0 + 2 + LEASE;
      await expect(store.update(run.id, { attempts: 1, session: null }, late, lease)).rejects.toThrow(StoreConflict);
      expect(await store.leftBehind("staging")).toEqual(left);
      const other = kept(run.id, { program: "p2" });
      await expect(store.transition(run.id, "succeed", {}, late, lease, [], other)).rejects.toThrow(StoreConflict);
      expect(await store.leftBehind("staging")).toEqual(left);
    });

    test("is forgotten by name, and never what another run left since", async () => {
      const first = await leave();
      const then = await leave({ commit: commit("b") });
      await store.forgetLeft(first);
      expect(await store.leftBehind("staging")).toEqual(then);
      await store.forgetLeft(then);
      expect(await store.leftBehind("staging")).toBeUndefined();
    });

    test("in a form of another release is as good as nothing", async () => {
      const { run } = await store.accept(request(), T0);
      const { lease } = await mustClaim(store, "one", T0);
      const strange = { ...kept(run.id), left: { format: 2, of: "the future" } } as unknown as KeptLeft;
      await store.transition(run.id, "succeed", {}, T0, lease, [], strange);
      expect(await store.leftBehind("staging")).toBeUndefined();
    });

    describe("when nothing but looks may begin", () => {
      const claim = (except: string[] = []) => store.claim("one", LEASE, T0 + 5, { except });

      test("only runs are claimed that a look may answer, of stacks where something is kept", async () => {
        await store.accept(request(), T0);
        expect(await claim()).toBeUndefined();
        const { run, lease } = await mustClaim(store, "one", T0);
        await store.transition(run.id, "succeed", {}, T0, lease, [], kept(run.id));
        await store.release(lease, T0);
        const next = await store.accept(request(), T0 + 1);
        expect(await claim([next.run.id])).toBeUndefined();
        expect((await claim())?.run.id).toBe(next.run.id);
      });

      test.each<[string, Partial<RunRequest>, boolean]>([
        ["a deploy", {}, true],
        ["a rollback", { rollback: true }, true],
        ["a sync", { kind: "sync" }, true],
        ["a drift check", { kind: "drift" }, true],
        ["a preview", { kind: "preview" }, false],
        ["one in full", { full: true }, false],
        ["one that gives volumes up", { giveUp: ["data"] }, false],
      ])("%s", async (_, more, claimed) => {
        await leave();
        const { run } = await store.accept(request({ commit: commit("b"), ...more }), T0 + 1);
        expect((await claim())?.run.id).toBe(claimed ? run.id : undefined);
        if (!claimed) expect(await store.run(run.id)).toMatchObject({ state: "queued", startedAt: null });
      });

      test("the newest counts as ever, and what was cut off waits for an engine", async () => {
        await leave();
        const older = await store.accept(request({ commit: commit("b") }), T0 + 1);
        const newer = await store.accept(request({ commit: commit("c") }), T0 + 2);
        expect((await claim())?.run.id).toBe(newer.run.id);
        expect(await store.run(older.run.id)).toMatchObject({ state: "superseded", supersededBy: newer.run.id });
        expect(await store.claim("two", LEASE, T0 + 6 + LEASE, { except: [] })).toBeUndefined();
        expect((await store.claim("two", LEASE, T0 + 6 + LEASE))?.run.id).toBe(newer.run.id);
      });

      test("the newest that only an engine answers lets no older one through", async () => {
        await leave();
        await store.accept(request({ commit: commit("b") }), T0 + 1);
        await store.accept(request({ commit: commit("c"), full: true }), T0 + 2);
        expect(await claim()).toBeUndefined();
      });
    });

    test("a request in full joins none that is less, and less joins one in full", async () => {
      await succeed(store, {}, T0);
      const plain = await store.accept(request({ commit: commit("b") }), T0 + 1);
      expect(plain.run).not.toHaveProperty("full");
      const full = await store.accept(request({ commit: commit("b"), full: true }), T0 + 2);
      expect(full).toMatchObject({ duplicate: false, run: { full: true } });
      expect(await second.run(full.run.id)).toMatchObject({ full: true });
      expect(await store.accept(request({ commit: commit("b") }), T0 + 3)).toMatchObject({
        duplicate: true,
        run: { id: full.run.id },
      });
    });
  });
}
