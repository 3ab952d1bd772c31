import { describe, expect, test } from "vitest";
import { type HoldRequest, type Store, StoreConflict } from "../../../automation/store/store.ts";
import { engines } from "./engines.ts";
import { usePair } from "./pair.ts";
import { commit, LEASE, mustClaim, request, succeed, T0 } from "./requests.ts";

const silent = () => [];
const asked = (changes: Partial<HoldRequest> = {}): HoldRequest => ({
  stack: "staging",
  by: "ada",
  reason: "the database is moved",
  until: null,
  ...changes,
});

for (const engine of engines()) {
  describe.skipIf(engine.missing)(`holds on ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`, () => {
    let store: Store;
    let second: Store;

    usePair(engine, (pair) => {
      ({ store, second } = pair);
    });

    const hold = async (changes: Partial<HoldRequest> = {}, now = T0) =>
      (await store.hold(asked(changes), now, silent)).hold;
    const accept = async (letter: string, now: number, changes = {}) =>
      (await second.accept(request({ commit: commit(letter), ...changes }), now)).run;
    const claimed = async (now: number) => (await second.claim("two", LEASE, now))?.run.id;

    test("what goes forward waits from the beginning, and says behind what", async () => {
      const { id } = await hold({ until: T0 + 60_000 });
      const run = await accept("a", T0 + 1);
      expect(run).toMatchObject({
        state: "waiting",
        gate: { kind: "hold", id, by: "ada", reason: "the database is moved", until: T0 + 60_000 },
      });
      expect(await store.run(run.id)).toEqual(run);
      expect(await claimed(T0 + 2)).toBeUndefined();
    });

    test("what was queued before is never handed out", async () => {
      const run = await accept("a", T0);
      await hold({}, T0 + 1);
      expect(await second.run(run.id)).toMatchObject({ state: "waiting", gate: { by: "ada" } });
      expect(await claimed(T0 + 2)).toBeUndefined();
    });

    test.each([
      ["a rollback", { rollback: true }],
      ["a preview", { kind: "preview" }],
      ["a drift check", { kind: "drift" }],
    ] as const)("%s goes on", async (_name, changes) => {
      await hold();
      const run = await accept("a", T0 + 1, changes);
      expect(run.state).toBe("queued");
      expect(await claimed(T0 + 2)).toBe(run.id);
    });

    test("a sync waits as well: it would bring what was asked for last", async () => {
      await hold();
      await accept("a", T0 + 1, { kind: "sync" });
      expect(await claimed(T0 + 2)).toBeUndefined();
    });

    test("another stack goes on", async () => {
      await hold();
      const run = await accept("a", T0 + 1, { stack: "production" });
      expect(await claimed(T0 + 2)).toBe(run.id);
    });

    test("a rollback goes on while something newer waits, which stays", async () => {
      await hold();
      const back = await accept("a", T0 + 1, { rollback: true });
      const forward = await accept("b", T0 + 2);
      expect(await claimed(T0 + 3)).toBe(back.id);
      expect(await store.run(forward.id)).toMatchObject({ state: "waiting" });
    });

    test("once lifted the newest goes on and takes the place of the older ones", async () => {
      const { id } = await hold();
      const runs = [await accept("a", T0 + 1), await accept("b", T0 + 2), await accept("c", T0 + 3)];
      expect(await second.endHold(id, "ben", T0 + 4, silent)).toMatchObject({ endedAt: T0 + 4, endedBy: "ben" });
      expect(await store.run(runs[2]?.id ?? "")).toMatchObject({ state: "queued" });
      expect(await claimed(T0 + 5)).toBe(runs[2]?.id);
      for (const { id } of runs.slice(0, 2)) expect(await store.run(id)).toMatchObject({ state: "superseded" });
      expect(await store.run(runs[2]?.id ?? "")).not.toHaveProperty("gate");
    });

    test("ends by its time, with nobody there to end it", async () => {
      await hold({ until: T0 + 1_000 });
      const run = await accept("a", T0 + 1);
      expect(await claimed(T0 + 999)).toBeUndefined();
      expect(await claimed(T0 + 1_000)).toBe(run.id);
      expect(await store.holds(T0 + 1_000)).toEqual([]);
    });

    test("that its time is over is written down and told once", async () => {
      await hold({ until: T0 + 1_000 });
      const tell = () => [{ key: "hold_ended:slack", target: "slack", payload: {} }];
      expect(await store.endHoldsInTime(T0 + 999, tell)).toEqual([]);
      const both = await Promise.all([store, second].map((each) => each.endHoldsInTime(T0 + 1_000, tell)));
      expect(both.flat()).toMatchObject([{ endedBy: "its time", endedAt: T0 + 1_000 }]);
      expect(await store.takeOutbox(10, 1_000, T0 + 1_001)).toHaveLength(1);
    });

    test("of several holds all have to end; the one that lasts longest is told", async () => {
      const short = await hold({ until: T0 + 1_000 });
      const long = await hold({ by: "ben", until: null });
      const run = await accept("a", T0 + 1);
      expect(run.gate).toMatchObject({ id: long.id, until: null });
      await store.endHold(long.id, "ben", T0 + 2, silent);
      expect(await store.run(run.id)).toMatchObject({ state: "waiting", gate: { id: short.id } });
      expect(await claimed(T0 + 999)).toBeUndefined();
      expect(await claimed(T0 + 1_000)).toBe(run.id);
    });

    test("who asks twice for the same gets the same", async () => {
      const first = await store.hold(asked(), T0, silent);
      expect(await second.hold(asked(), T0 + 1, silent)).toEqual({ hold: first.hold, duplicate: true });
      expect((await second.hold(asked({ reason: "another" }), T0 + 2, silent)).duplicate).toBe(false);
    });

    test("one that has ended cannot be lifted, and one that is unknown neither", async () => {
      const { id } = await hold();
      await store.endHold(id, "ada", T0 + 1, silent);
      expect(await store.endHold(id, "ada", T0 + 2, silent)).toBeUndefined();
      expect(await store.endHold("none", "ada", T0 + 2, silent)).toBeUndefined();
    });

    test("what is under way goes on, also when whoever carries it out dies", async () => {
      const run = await accept("a", T0);
      await mustClaim(store, "one", T0);
      await hold({}, T0 + 1);
      expect(await store.run(run.id)).toMatchObject({ state: "running" });
      expect(await claimed(T0 + LEASE + 1)).toBe(run.id);
    });

    test("one that is handed back waits", async () => {
      const run = await accept("a", T0);
      const { lease } = await mustClaim(store, "one", T0);
      await hold({}, T0 + 1);
      await store.transition(run.id, "requeue", {}, T0 + 2, lease);
      await store.release(lease, T0 + 2);
      expect(await claimed(T0 + 3)).toBeUndefined();
      expect(await store.run(run.id)).toMatchObject({ state: "waiting", gate: { by: "ada" } });
    });

    test("one that waits for something that is away waits for that again once it is let go", async () => {
      const run = await accept("a", T0);
      const { lease } = await mustClaim(store, "one", T0);
      const outage = {
        of: "dokploy",
        since: T0,
        until: T0 + 90_000,
        next: T0 + 5_000,
        tries: 1,
        attempts: 1,
        told: false,
      };
      await store.transition(run.id, "hold", { outage: { ...outage, of: "dokploy" } }, T0, lease);
      await store.release(lease, T0);
      const { id } = await hold({}, T0 + 1);
      expect(await claimed(T0 + 5_000)).toBeUndefined();
      await store.endHold(id, "ada", T0 + 5_001, silent);
      expect(await store.run(run.id)).toMatchObject({ state: "waiting", outage: { next: T0 + 5_000 } });
      expect(await claimed(T0 + 5_002)).toBe(run.id);
    });

    test("a held run is canceled and superseded like any other", async () => {
      await hold();
      const older = await accept("a", T0 + 1);
      const back = await accept("b", T0 + 2, { rollback: true });
      await mustClaim(store, "one", T0 + 3);
      expect(await store.run(older.id)).toMatchObject({ state: "superseded", supersededBy: back.id });
      const newer = await accept("c", T0 + 4);
      await store.transition(newer.id, "cancel", {}, T0 + 5);
      expect(await store.run(newer.id)).toMatchObject({ state: "canceled" });
    });

    test("a request that ends a hold goes on at once, and so does one that it joins", async () => {
      const { id } = await hold();
      const first = await accept("a", T0 + 1);
      const ends = { holds: [id], by: "ben", tell: silent };
      expect(await second.accept(request({ commit: commit("a") }), T0 + 2, { ends })).toMatchObject({
        duplicate: true,
        run: { id: first.id, state: "queued" },
      });
      expect(await store.readHold(id)).toMatchObject({ endedBy: "ben" });
    });

    test("no hold is passed, whoever is first", async () => {
      for (let round = 0; round < 25; round += 1) {
        const now = T0 + round * 1_000;
        const stack = `stack-${round}`;
        await store.accept(request({ stack }), now);
        const [{ hold: made }, claim] = await Promise.all([
          store.hold(asked({ stack }), now, silent),
          second.claim("two", LEASE, now),
        ]);
        // Either it was taken before the stack was held, or it waits now.
        const [run] = await store.runs({ stack });
        expect(run?.state).toBe(claim ? "running" : "waiting");
        if (!claim) expect(run?.gate?.id).toBe(made.id);
        expect(await second.claim("two", LEASE, now + 1)).toBeUndefined();
      }
    });

    describe("a release that is taken back", () => {
      const take = (run: string, now: number, by = store) =>
        by.takeBack(
          {
            run,
            newest: run,
            from: "begun",
            to: "trouble",
            data: { why: "redis: restarted" },
            notices: [{ key: "trouble:slack", target: "slack", payload: {} }],
            hold: asked({ by: "dockmaster", reason: "v1.0.1 was taken back" }),
            tell: () => [{ key: "held:slack", target: "slack", payload: {} }],
            request: request({ commit: commit("0"), rollback: true, triggeredBy: "watch" }),
          },
          now,
        );

      test("is held and the one before asked for, all at once and only once", async () => {
        const id = await succeed(store, {}, T0);
        const both = await Promise.allSettled([take(id, T0 + 1), take(id, T0 + 1, second)]);
        expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
        const runs = await store.runs({ stack: "staging" });
        expect(runs).toMatchObject([{ rollback: true, state: "queued", triggeredBy: "watch" }, { id }]);
        const holds = await store.holds(T0 + 2);
        expect(holds).toMatchObject([{ by: "dockmaster", takenBack: { run: id, tag: "v1.0.1", commit: commit("a") } }]);
        expect(await store.newestConfirmation("staging")).toMatchObject({
          state: "trouble",
          data: { why: "redis: restarted", back: { run: runs[0]?.id, hold: holds[0]?.id } },
        });
        expect((await store.takeOutbox(10, 1_000, T0 + 3)).map(({ key }) => key).sort()).toEqual([
          "held:slack",
          "trouble:slack",
        ]);
        expect(await claimed(T0 + 4)).toBe(runs[0]?.id);
      });

      test("not when somebody asked for something newer, or holds the stack", async () => {
        const id = await succeed(store, {}, T0);
        const { id: held } = await hold({}, T0 + 1);
        await expect(take(id, T0 + 2)).rejects.toThrow(StoreConflict);
        await store.endHold(held, "ada", T0 + 3, silent);
        await accept("b", T0 + 4);
        await expect(take(id, T0 + 5)).rejects.toThrow(StoreConflict);
        expect(await store.holds(T0 + 6)).toEqual([]);
        expect(await store.newestConfirmation("staging")).toMatchObject({ state: "begun" });
      });
    });

    describe("what is to be confirmed", () => {
      test("begins with the end of an update, also of one that failed, and ends what was before", async () => {
        const first = await succeed(store, {}, T0);
        expect(await store.openConfirmations()).toMatchObject([
          { run: first, state: "begun", begunAt: T0, until: null, data: { failed: false } },
        ]);
        const { run } = await store.accept(request({ commit: commit("b"), tag: "v1.0.2" }), T0 + 1);
        const { lease } = await mustClaim(store, "one", T0 + 1);
        await store.update(run.id, { attempts: 1 }, T0 + 1, lease);
        await store.transition(run.id, "fail", {}, T0 + 2, lease);
        expect(await store.openConfirmations()).toMatchObject([
          { run: run.id, begunAt: T0 + 2, data: { failed: true } },
        ]);
      });

      test("is moved on once, with its notices", async () => {
        const run = await succeed(store, {}, T0);
        const watching = { run, from: "begun", to: "watching", until: T0 + 1_000 } as const;
        expect(await store.settle(watching, T0 + 1)).toBe(true);
        expect(await second.settle(watching, T0 + 1)).toBe(false);
        const notices = [{ key: "confirmed:slack", target: "slack", payload: {} }];
        const confirmed = { run, from: "watching", to: "confirmed", notices } as const;
        const both = await Promise.all([store, second].map((each) => each.settle(confirmed, T0 + 1_000)));
        expect(both.sort()).toEqual([false, true]);
        expect(await store.lastConfirmed("staging")).toMatchObject({ run, endedAt: T0 + 1_000, tag: "v1.0.1" });
        expect(await store.lastConfirmed("staging", run)).toBeUndefined();
        expect(await store.takeOutbox(10, 1_000, T0 + 1_001)).toHaveLength(1);
      });

      test("the newest update's release is the one that was confirmed last, whatever the clock said", async () => {
        const first = await succeed(store, {}, T0 + 50);
        await store.settle({ run: first, from: "begun", to: "confirmed" }, T0 + 60);
        const later = await succeed(store, { commit: commit("b"), tag: "v1.0.2" }, T0 + 10);
        expect(await store.newestConfirmation("staging")).toMatchObject({ run: later });
        await store.settle({ run: later, from: "begun", to: "confirmed" }, T0 + 20);
        expect(await store.lastConfirmed("staging")).toMatchObject({ run: later });
        await store.prune({ events: T0 + 100, runs: T0 + 100 }, T0 + 100);
        expect(await store.lastConfirmed("staging")).toMatchObject({ run: later });
      });

      test("the release to go back to is kept however old it is", async () => {
        const first = await succeed(store, {}, T0);
        await store.settle({ run: first, from: "begun", to: "confirmed" }, T0 + 1);
        await succeed(store, { commit: commit("b"), tag: "v1.0.2" }, T0 + 2);
        await succeed(store, { commit: commit("c"), tag: "v1.0.3" }, T0 + 3);
        await store.prune({ events: T0 + 100, runs: T0 + 100 }, T0 + 100);
        expect(await store.lastConfirmed("staging")).toMatchObject({ run: first });
        expect(await store.openConfirmations()).toHaveLength(1);
      });
    });
  });
}
