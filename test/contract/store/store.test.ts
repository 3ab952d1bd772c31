import { describe, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import { type Notice, type Store, StoreConflict, StoreUnavailable } from "../../../automation/store/store.ts";
import { engines } from "./engines.ts";
import { usePair } from "./pair.ts";
import { commit, LEASE, mustClaim, request, succeed, T0 } from "./requests.ts";

for (const engine of engines()) {
  describe.skipIf(engine.missing)(`the store on ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`, () => {
    let url: string;
    let store: Store;
    let second: Store;

    usePair(engine, (pair) => {
      ({ url, store, second } = pair);
    });

    const states = async () =>
      Object.fromEntries((await store.runs({})).map((run) => [run.commit.slice(0, 1), run.state]));

    describe("accepting", () => {
      test("keeps what was asked", async () => {
        const asked = request({ services: ["redis"], rollback: true, reason: "v1.0.2 loses sessions" });
        const { run, duplicate } = await store.accept(asked, T0);
        expect(duplicate).toBe(false);
        expect(run).toEqual({
          ...asked,
          id: run.id,
          state: "queued",
          createdAt: T0,
          startedAt: null,
          finishedAt: null,
          attempts: 0,
          session: null,
          outcomes: [],
          cause: null,
          supersededBy: null,
        });
        expect(await second.run(run.id)).toEqual(run);
      });

      test("gives ids that sort by acceptance and are safe in a URL", async () => {
        const ids: string[] = [];
        for (const letter of "abcdef") {
          ids.push((await store.accept(request({ commit: commit(letter) }), T0)).run.id);
        }
        ids.push((await store.accept(request({ commit: commit("0") }), T0 - 5000)).run.id);
        ids.push((await store.accept(request({ commit: commit("1") }), T0 + 1)).run.id);
        expect(ids).toEqual([...new Set(ids)].sort());
        for (const id of ids) expect(encodeURIComponent(id)).toBe(id);
      });

      test.each(["queued", "waiting", "running"] as const)("joins a %s run of the same commit", async (state) => {
        const { run } = await store.accept(request(), T0);
        if (state === "waiting") await store.transition(run.id, "hold", {}, T0);
        if (state === "running") await mustClaim(store, "one", T0);
        const again = await second.accept(request({ requestId: "req-2" }), T0 + 1);
        expect(again).toMatchObject({ duplicate: true, run: { id: run.id, state, requestId: "req-1" } });
      });

      test.each([
        ["commit", { commit: commit("b") }],
        ["stack", { stack: "production" }],
        ["kind", { kind: "sync" }],
        ["rollback flag", { rollback: true }],
      ] as const)("makes a run of its own for another %s", async (_name, changes) => {
        await store.accept(request(), T0);
        expect((await store.accept(request(changes), T0)).duplicate).toBe(false);
      });

      test("keeps the volumes that a run gives up, and no request without them joins it", async () => {
        const { run } = await store.accept(request({ giveUp: ["a", "b"] }), T0);
        expect(await second.run(run.id)).toMatchObject({ giveUp: ["a", "b"] });
        expect(await second.accept(request({ giveUp: ["a", "b"] }), T0)).toMatchObject({ duplicate: true });
        expect(await second.accept(request({ giveUp: ["a"] }), T0)).toMatchObject({ duplicate: false });
        const plain = await second.accept(request(), T0 + 1);
        expect(plain.duplicate).toBe(false);
        expect(plain.run).not.toHaveProperty("giveUp");
      });

      test("makes a new run when the earlier one is over", async () => {
        await succeed(store, {}, T0);
        expect((await store.accept(request(), T0 + 1)).duplicate).toBe(false);
      });

      test("does not join a run behind which a newer one waits", async () => {
        await store.accept(request({ commit: commit("a") }), T0);
        await store.accept(request({ commit: commit("b") }), T0 + 1);
        const last = await store.accept(request({ commit: commit("a"), rollback: false }), T0 + 2);
        expect(last.duplicate).toBe(false);
        expect((await mustClaim(store, "one", T0 + 3)).run.id).toBe(last.run.id);
      });

      test("does not join a run that is being canceled", async () => {
        const { run } = await store.accept(request(), T0);
        await mustClaim(store, "one", T0);
        expect(await second.requestCancel(run.id, T0 + 1)).toBe(true);
        expect((await store.accept(request(), T0 + 2)).duplicate).toBe(false);
      });

      test("joins a preview of the same commit whatever else waits", async () => {
        const preview = request({ kind: "preview", tag: null });
        const { run } = await store.accept(preview, T0);
        await store.accept(request({ kind: "preview", tag: null, commit: commit("b") }), T0);
        await store.accept(request(), T0);
        expect(await store.accept(preview, T0)).toMatchObject({ duplicate: true, run: { id: run.id } });
      });

      test("joins one run when many ask at once", async () => {
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, index) => (index % 2 ? store : second).accept(request(), T0)),
        );
        expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
        expect(new Set(answers.map((answer) => answer.run.id)).size).toBe(1);
      });

      test("writes nothing when a newer request came since the caller decided", async () => {
        expect(await store.newestAccepted("staging")).toBeUndefined();
        const first = await store.accept(request(), T0, { newest: null });
        await expect(second.accept(request({ commit: commit("b") }), T0, { newest: null })).rejects.toThrow(
          StoreConflict,
        );
        expect(await store.runs({})).toHaveLength(1);
        expect((await second.newestAccepted("staging"))?.id).toBe(first.run.id);
        await second.accept(request({ commit: commit("b") }), T0, { newest: first.run.id });
        expect(await store.runs({})).toHaveLength(2);
      });

      test("does not count a run that was canceled before it started as the newest", async () => {
        const first = await store.accept(request(), T0);
        const { run } = await store.accept(request({ commit: commit("b") }), T0 + 1);
        await store.transition(run.id, "cancel", {}, T0 + 2);
        expect((await second.newestAccepted("staging"))?.id).toBe(first.run.id);
        const { lease } = await mustClaim(store, "one", T0 + 3);
        await store.transition(first.run.id, "cancel", {}, T0 + 4, lease);
        expect((await second.newestAccepted("staging"))?.id).toBe(first.run.id);
      });

      test("records a run that was superseded on arrival without queueing it", async () => {
        const { run } = await store.accept(request({ commit: commit("b") }), T0);
        const late = await store.record(request(), "superseded", T0 + 1);
        expect(late).toMatchObject({ state: "superseded", finishedAt: T0 + 1 });
        expect((await store.newestAccepted("staging"))?.id).toBe(run.id);
        expect((await mustClaim(store, "one", T0 + 2)).run.id).toBe(run.id);
      });
    });

    describe("claiming", () => {
      test("ends a burst of ten in one run, the last", async () => {
        const letters = [..."0123456789"];
        for (const letter of letters) await store.accept(request({ commit: commit(letter) }), T0);
        const { run, lease } = await mustClaim(store, "one", T0 + 1);
        expect(run).toMatchObject({ commit: commit("9"), state: "running", startedAt: T0 + 1, attempts: 0 });
        const others = await store.runs({ states: ["superseded"] });
        expect(others).toHaveLength(9);
        for (const other of others) expect(other).toMatchObject({ supersededBy: run.id, finishedAt: T0 + 1 });
        await store.transition(run.id, "succeed", {}, T0 + 2, lease);
        await store.release(lease, T0 + 2);
        expect(await store.claim("one", LEASE, T0 + 3)).toBeUndefined();
      });

      test("supersedes an older run that a gate holds back", async () => {
        const { run } = await store.accept(request(), T0);
        await store.transition(run.id, "hold", {}, T0);
        await store.accept(request({ commit: commit("b") }), T0 + 1);
        await mustClaim(store, "one", T0 + 2);
        expect(await states()).toEqual({ a: "superseded", b: "running" });
      });

      describe("of a run that waits for what is away", () => {
        const outage = {
          of: "dokploy",
          since: T0,
          until: T0 + 60,
          next: T0 + 20,
          tries: 1,
          attempts: 1,
          told: true,
        } as const;
        const hold = async (run: string) => {
          const { lease } = (await store.claim("w", LEASE, T0))!;
          await store.transition(run, "hold", { outage }, T0, lease);
          await store.release(lease, T0);
        };

        test("takes it when it is due, in this process or another", async () => {
          const { run } = await store.accept(request({ commit: commit("a") }), T0);
          await hold(run.id);
          expect(await store.claim("w", LEASE, T0 + 19)).toBeUndefined();
          expect((await second.claim("v", LEASE, T0 + 20))?.run).toMatchObject({
            id: run.id,
            state: "running",
            outage,
          });
        });

        test("takes a newer one first, which knows of the outage and has its own patience", async () => {
          const { run } = await store.accept(request({ commit: commit("a") }), T0);
          await hold(run.id);
          const { run: newer } = await store.accept(request({ commit: commit("b") }), T0 + 1);
          expect((await store.claim("w", LEASE, T0 + 2))?.run).toMatchObject({
            id: newer.id,
            outage: { of: "dokploy", since: T0, told: true, until: null, next: null, tries: 0 },
          });
          expect(await store.run(run.id)).toMatchObject({ state: "superseded", supersededBy: newer.id });
        });

        test("takes it at once when somebody asks for the same", async () => {
          const { run } = await store.accept(request({ commit: commit("a") }), T0);
          await hold(run.id);
          expect(await store.accept(request({ commit: commit("a") }), T0 + 3)).toMatchObject({ duplicate: true });
          expect((await store.claim("w", LEASE, T0 + 3))?.run.id).toBe(run.id);
        });
      });

      test("leaves a newer run that a gate holds back", async () => {
        await store.accept(request(), T0);
        const { run } = await store.accept(request({ commit: commit("b") }), T0 + 1);
        await store.transition(run.id, "hold", {}, T0 + 1);
        await mustClaim(store, "one", T0 + 2);
        expect(await states()).toEqual({ a: "running", b: "waiting" });
      });

      test("gives a stack to one owner at a time, and stacks in parallel", async () => {
        await store.accept(request(), T0);
        await store.accept(request({ stack: "production" }), T0 + 1);
        const first = await mustClaim(store, "one", T0 + 2);
        const other = await mustClaim(second, "two", T0 + 2);
        expect([first.run.stack, other.run.stack]).toEqual(["staging", "production"]);
        await store.accept(request({ commit: commit("b") }), T0 + 3);
        expect(await second.claim("two", LEASE, T0 + 3)).toBeUndefined();
        await store.transition(first.run.id, "fail", {}, T0 + 4, first.lease);
        await store.release(first.lease, T0 + 4);
        expect((await mustClaim(second, "two", T0 + 5)).run.commit).toBe(commit("b"));
      });

      test("returns a cut-off run first once its lease ran out", async () => {
        await store.accept(request(), T0);
        const lost = await mustClaim(store, "one", T0);
        await store.update(lost.run.id, { attempts: 1 }, T0, lost.lease);
        await store.accept(request({ commit: commit("b") }), T0 + 1);
        expect(await second.claim("two", LEASE, T0 + LEASE - 1)).toBeUndefined();
        const taken = await mustClaim(second, "two", T0 + LEASE);
        expect(taken.run).toMatchObject({ id: lost.run.id, state: "running", attempts: 1, startedAt: T0 });
        expect(taken.lease.fence).toBeGreaterThan(lost.lease.fence);
      });

      test("lets a newer request win over a run that was handed back", async () => {
        await store.accept(request(), T0);
        const { run, lease } = await mustClaim(store, "one", T0);
        await store.accept(request({ commit: commit("b") }), T0 + 1);
        expect(await store.transition(run.id, "requeue", { session: null }, T0 + 2, lease)).toMatchObject({
          state: "queued",
          finishedAt: null,
        });
        await store.release(lease, T0 + 2);
        expect((await mustClaim(second, "two", T0 + 3)).run.commit).toBe(commit("b"));
        expect(await states()).toEqual({ a: "superseded", b: "running" });
      });

      test("takes previews and drift checks one by one, oldest first, after deploys, superseding nothing", async () => {
        await store.accept(request({ kind: "preview", tag: null, commit: commit("c") }), T0);
        await store.accept(request({ kind: "drift" }), T0 + 1);
        await store.accept(request({ kind: "preview", tag: null, commit: commit("d") }), T0 + 2);
        await store.accept(request({ commit: commit("b") }), T0 + 3);
        const order: string[] = [];
        for (let step = 4; step < 8; step += 1) {
          const { run, lease } = await mustClaim(store, "one", T0 + step);
          expect(await second.claim("two", LEASE, T0 + step)).toBeUndefined();
          order.push(`${run.kind} ${run.commit.slice(0, 1)}`);
          await store.transition(run.id, "succeed", {}, T0 + step, lease);
          await store.release(lease, T0 + step);
        }
        expect(order).toEqual(["deploy b", "preview c", "drift a", "preview d"]);
        expect(await store.runs({ states: ["superseded"] })).toEqual([]);
      });
    });

    describe("leases", () => {
      test("are prolonged by renewing", async () => {
        await store.accept(request(), T0);
        const { lease } = await mustClaim(store, "one", T0);
        expect(await store.renew(lease, LEASE, T0 + 20_000)).toBe(true);
        expect(await second.claim("two", LEASE, T0 + LEASE + 1)).toBeUndefined();
        expect(await second.claim("two", LEASE, T0 + 20_000 + LEASE)).toBeDefined();
      });

      test("that ran out are still ours until somebody takes them", async () => {
        await store.accept(request(), T0);
        const { lease } = await mustClaim(store, "one", T0);
        expect(await store.renew(lease, LEASE, T0 + 2 * LEASE)).toBe(true);
        expect(await second.claim("two", LEASE, T0 + 2 * LEASE + 1)).toBeUndefined();
      });

      test("that were lost refuse every write", async () => {
        await store.accept(request(), T0);
        const { run, lease } = await mustClaim(store, "one", T0);
        await mustClaim(second, "two", T0 + LEASE);
        const before = await store.run(run.id);
        expect(await store.renew(lease, LEASE, T0 + LEASE + 1)).toBe(false);
        await expect(store.update(run.id, { attempts: 9 }, T0 + LEASE + 1, lease)).rejects.toThrow(StoreConflict);
        await expect(store.transition(run.id, "succeed", {}, T0 + LEASE + 1, lease)).rejects.toThrow(StoreConflict);
        await store.release(lease, T0 + LEASE + 1);
        expect(await store.run(run.id)).toEqual(before);
        expect(await store.claim("three", LEASE, T0 + LEASE + 2)).toBeUndefined();
      });

      test("of another stack do not count", async () => {
        await store.accept(request(), T0);
        const { lease } = await mustClaim(store, "one", T0);
        await store.accept(request({ stack: "production" }), T0);
        const { run } = await mustClaim(store, "one", T0);
        await expect(store.transition(run.id, "succeed", {}, T0, lease)).rejects.toThrow(StoreConflict);
      });

      test("that were given back refuse every write, and the fence goes on growing", async () => {
        await store.accept(request(), T0);
        const first = await mustClaim(store, "one", T0);
        await store.release(first.lease, T0 + 1);
        await expect(store.update(first.run.id, { attempts: 1 }, T0 + 1, first.lease)).rejects.toThrow(StoreConflict);
        const next = await mustClaim(store, "one", T0 + 2);
        expect(next.run.id).toBe(first.run.id);
        expect(next.lease.fence).toBe(first.lease.fence + 1);
      });

      test("of an owner that is gone are free at once, and what it began is gone on with", async () => {
        await store.accept(request(), T0);
        await store.accept(request({ stack: "production" }), T0);
        const first = await mustClaim(store, "gone", T0);
        const other = await mustClaim(store, "alive", T0);
        expect(await second.releaseGone((owner) => owner === "gone", T0 + 1)).toEqual([first.run.stack]);
        expect(await second.releaseGone((owner) => owner === "gone", T0 + 1)).toEqual([]);
        const again = await mustClaim(second, "two", T0 + 1);
        expect(again.run.id).toBe(first.run.id);
        expect(again.lease.fence).toBeGreaterThan(first.lease.fence);
        expect(await store.renew(other.lease, LEASE, T0 + 1)).toBe(true);
        expect(await store.renew(first.lease, LEASE, T0 + 1)).toBe(false);
      });
    });

    describe("transitions", () => {
      test("write what the patch says and when it ended", async () => {
        await store.accept(request(), T0);
        const { run, lease } = await mustClaim(store, "one", T0 + 1);
        const session = { sid: 4711, startTime: 1234, host: "runner", bootId: "b", lockId: "lock" };
        await store.update(run.id, { session, attempts: 1 }, T0 + 2, lease);
        expect(await second.run(run.id)).toMatchObject({ session, attempts: 1, state: "running" });
        const cause = {
          code: "unhealthy",
          message: "redis is unhealthy",
          hint: "see its log",
          logTail: ["x"],
        } as const;
        const outcomes = [
          { service: "redis", result: "failed", reason: "unhealthy", cause: { ...cause, logTail: [] } },
        ];
        const failed = await store.transition(
          run.id,
          "fail",
          { session: null, cause: { ...cause, logTail: ["x"] }, outcomes: outcomes as never },
          T0 + 3,
          lease,
        );
        expect(failed).toMatchObject({
          state: "failed",
          finishedAt: T0 + 3,
          startedAt: T0 + 1,
          session: null,
          outcomes,
        });
        expect(await second.run(run.id)).toEqual(failed);
      });

      test("that the table does not know are refused and change nothing", async () => {
        const { run } = await store.accept(request(), T0);
        await expect(store.transition(run.id, "succeed", {}, T0)).rejects.toThrow(/queued.*succeed/);
        await store.transition(run.id, "cancel", {}, T0 + 1);
        for (const event of ["start", "cancel", "supersede", "requeue"] as const) {
          await expect(store.transition(run.id, event, {}, T0 + 2)).rejects.toThrow(StoreConflict);
        }
        expect(await store.run(run.id)).toMatchObject({ state: "canceled", finishedAt: T0 + 1 });
      });

      test("of an unknown run are refused", async () => {
        await expect(store.transition("none", "cancel", {}, T0)).rejects.toThrow(StoreConflict);
        expect(await store.run("none")).toBeUndefined();
      });

      test("are won by one when several try at once", async () => {
        const { run } = await store.accept(request(), T0);
        const tries = await Promise.allSettled(
          [store, second, store, second].map((each) => each.transition(run.id, "cancel", {}, T0)),
        );
        expect(tries.filter((each) => each.status === "fulfilled")).toHaveLength(1);
      });

      test("let a request to cancel be seen by whoever holds the run, until it is over", async () => {
        await store.accept(request(), T0);
        const { run, lease } = await mustClaim(store, "one", T0);
        expect(await store.cancelRequested(run.id)).toBe(false);
        expect(await second.requestCancel(run.id, T0 + 1)).toBe(true);
        expect(await store.cancelRequested(run.id)).toBe(true);
        await store.transition(run.id, "cancel", {}, T0 + 2, lease);
        expect(await second.requestCancel(run.id, T0 + 3)).toBe(false);
        expect(await second.requestCancel("none", T0 + 3)).toBe(false);
      });
    });

    describe("events", () => {
      test("are numbered without gaps and read page by page", async () => {
        const { run } = await store.accept(request(), T0);
        const event = (name: string) => ({ at: T0, type: "pre", data: { name, nested: [1, null] } });
        await store.append(run.id, ["a", "b"].map(event));
        await second.append(run.id, ["c"].map(event));
        await store.append(run.id, []);
        expect(await second.events(run.id, 0, 2)).toEqual([
          { seq: 1, ...event("a") },
          { seq: 2, ...event("b") },
        ]);
        expect(await second.events(run.id, 2, 10)).toEqual([{ seq: 3, ...event("c") }]);
        expect(await second.events(run.id, 3, 10)).toEqual([]);
        expect(await second.events("none", 0, 10)).toEqual([]);
      });

      test("appended by several at once lose nothing", async () => {
        const writes = Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).append("run", [{ at: T0, type: "pre", data: index }]),
        );
        await Promise.all(writes);
        const read = await store.events("run", 0, 100);
        expect(read.map((event) => event.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        expect(new Set(read.map((event) => event.data)).size).toBe(20);
      });
    });

    describe("history", () => {
      test("lists newest first, narrowed and page by page", async () => {
        const ids: string[] = [];
        for (const [index, letter] of [..."abcde"].entries()) {
          const stack = index % 2 ? "production" : "staging";
          ids.push((await store.accept(request({ stack, commit: commit(letter) }), T0 + (index >> 1))).run.id);
        }
        const newest = [...(await store.runs({}))];
        expect(newest.map((run) => run.commit.slice(0, 1))[0]).toBe("e");
        expect(new Set(newest.map((run) => run.id))).toEqual(new Set(ids));
        const first = await store.runs({ limit: 2 });
        const last = first.at(-1)!;
        expect([...first, ...(await store.runs({ before: last }))]).toEqual(newest);
        expect(await store.runs({ stack: "production" })).toHaveLength(2);
        expect(await store.runs({ kinds: ["preview", "drift"] })).toEqual([]);
        expect(await store.runs({ states: ["queued", "running"], stack: "staging", limit: 10 })).toHaveLength(3);
        expect(await store.runs({ states: [] })).toEqual([]);
        expect(await store.runs({ commit: commit("c") })).toMatchObject([{ id: ids[2] }]);
      });

      test("knows what a stack runs and since when", async () => {
        expect(await store.stackRelease("staging")).toBeUndefined();
        await succeed(store, { commit: commit("a"), tag: "v1.0.1" }, T0);
        await succeed(store, { commit: commit("b"), tag: "v1.0.2" }, T0 + 10);
        const again = await succeed(store, { commit: commit("b"), tag: "v1.0.2", kind: "sync" }, T0 + 20);
        await succeed(store, { commit: commit("c"), kind: "preview" }, T0 + 30);
        const failed = await store.accept(request({ commit: commit("d") }), T0 + 40);
        const { lease } = await mustClaim(store, "one", T0 + 40);
        await store.transition(failed.run.id, "fail", {}, T0 + 41, lease);
        expect(await second.stackRelease("staging")).toEqual({
          stack: "staging",
          tag: "v1.0.2",
          commit: commit("b"),
          run: again,
          since: T0 + 10,
        });
        expect(await second.stackRelease("production")).toBeUndefined();
      });

      test("knows which commits ever succeeded on a stack", async () => {
        await succeed(store, { commit: commit("a") }, T0);
        await succeed(store, { commit: commit("b") }, T0 + 1);
        await succeed(store, { commit: commit("c"), kind: "preview" }, T0 + 2);
        expect(await second.hasSucceeded("staging", commit("a"))).toBe(true);
        expect(await second.hasSucceeded("staging", commit("b"))).toBe(true);
        expect(await second.hasSucceeded("staging", commit("c"))).toBe(false);
        expect(await second.hasSucceeded("production", commit("a"))).toBe(false);
      });
    });

    describe("what is remembered", () => {
      test("is known until it runs out", async () => {
        expect(await store.remember("nonce 1", T0 + 100, T0)).toBe(true);
        expect(await second.remember("nonce 1", T0 + 999, T0 + 99)).toBe(false);
        expect(await second.remember("nonce 2", T0 + 100, T0)).toBe(true);
        expect(await second.remember("nonce 1", T0 + 300, T0 + 100)).toBe(true);
        expect(await store.remember("nonce 1", T0 + 300, T0 + 299)).toBe(false);
      });

      test("can be asked for without remembering it", async () => {
        expect(await store.isRemembered("nonce", T0)).toBe(false);
        expect(await store.remember("nonce", T0 + 100, T0)).toBe(true);
        expect(await second.isRemembered("nonce", T0 + 99)).toBe(true);
        expect(await second.isRemembered("nonce", T0 + 100)).toBe(false);
      });

      test("is new to one only when several ask at once", async () => {
        const answers = await Promise.all(
          [store, second, store, second].map((each) => each.remember("delivery", T0 + 100, T0)),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
      });

      test("includes the commit that a tag named first", async () => {
        expect(await store.pinTag("v1.0.1", commit("a"), T0)).toBe(commit("a"));
        expect(await second.pinTag("v1.0.1", commit("b"), T0 + 1)).toBe(commit("a"));
        expect(await second.pinTag("v1.0.2", commit("b"), T0 + 1)).toBe(commit("b"));
        expect(await store.pinnedTags()).toEqual([
          { tag: "v1.0.1", commit: commit("a") },
          { tag: "v1.0.2", commit: commit("b") },
        ]);
      });
    });

    describe("the outbox", () => {
      const notice = { key: "canceled:slack", target: "slack", payload: { text: "canceled" } };
      const cancelWith = async (notices: Notice[], now = T0) => {
        const { run } = await store.accept(request({ commit: commit("f"), requestId: `at ${now}` }), now);
        await store.transition(run.id, "cancel", {}, now, undefined, notices);
        return run.id;
      };

      test("holds what was written with a transition, once per run and key", async () => {
        const run = await cancelWith([notice, notice, { ...notice, key: "canceled:webhook", target: "webhook" }]);
        const other = await cancelWith([notice], T0 + 1);
        const taken = await second.takeOutbox(10, 60_000, T0 + 2);
        expect(taken).toEqual([
          { ...notice, run, createdAt: T0, attempts: 1 },
          { ...notice, key: "canceled:webhook", target: "webhook", run, createdAt: T0, attempts: 1 },
          { ...notice, run: other, createdAt: T0 + 1, attempts: 1 },
        ]);
      });

      test("holds nothing of a transition that was refused", async () => {
        const run = await cancelWith([]);
        await expect(store.transition(run, "cancel", {}, T0, undefined, [notice])).rejects.toThrow(StoreConflict);
        expect(await store.takeOutbox(10, 60_000, T0 + 1)).toEqual([]);
      });

      test("gives a notice to one taker, and again when its hold ran out", async () => {
        await cancelWith([notice]);
        const taken = await Promise.all([store, second, store].map((each) => each.takeOutbox(10, 1000, T0 + 1)));
        expect(taken.flat()).toHaveLength(1);
        expect(await second.takeOutbox(10, 1000, T0 + 1000)).toEqual([]);
        expect(await second.takeOutbox(10, 1000, T0 + 1001)).toMatchObject([{ attempts: 2 }]);
        expect(await store.settleOutbox(taken.flat()[0]!, { as: "sent" }, T0 + 1002)).toBe(false);
      });

      test("gives no more what was sent or given up, and later what is tried again", async () => {
        await cancelWith([notice, { ...notice, key: "b" }, { ...notice, key: "c" }]);
        const [sent, retried, givenUp] = await store.takeOutbox(10, 1000, T0 + 1);
        expect([sent!.key, retried!.key, givenUp!.key]).toEqual(["b", "c", "canceled:slack"]);
        expect(await store.settleOutbox(sent!, { as: "sent" }, T0 + 2)).toBe(true);
        expect(await store.settleOutbox(retried!, { as: "retry", at: T0 + 9000, error: "503" }, T0 + 2)).toBe(true);
        expect(await store.settleOutbox(givenUp!, { as: "given up", error: "404" }, T0 + 2)).toBe(true);
        expect(await store.settleOutbox(sent!, { as: "sent" }, T0 + 3)).toBe(false);
        expect(await store.takeOutbox(10, 1000, T0 + 8999)).toEqual([]);
        expect(await store.takeOutbox(10, 1000, T0 + 9000)).toMatchObject([{ key: "c", attempts: 2 }]);
      });

      test("takes no more than asked, and is emptied with its runs", async () => {
        await cancelWith([notice, { ...notice, key: "b" }]);
        expect(await store.takeOutbox(1, 1000, T0 + 1)).toHaveLength(1);
        await store.prune({ events: 0, runs: T0 + 1000 }, T0 + 2000);
        expect(await store.takeOutbox(10, 1000, T0 + 5000)).toEqual([]);
      });
    });

    describe("pruning", () => {
      test("drops old runs and keeps the newest success of each commit, and all that is not over", async () => {
        await succeed(store, { commit: commit("a"), requestId: "old" }, T0);
        await succeed(store, { commit: commit("a"), requestId: "kept" }, T0 + 1);
        await succeed(store, { commit: commit("b") }, T0 + 2);
        await succeed(store, { commit: commit("c"), kind: "preview" }, T0 + 3);
        const failed = await store.accept(request({ commit: commit("d") }), T0 + 4);
        await store.transition(failed.run.id, "cancel", {}, T0 + 4);
        await store.accept(request({ commit: commit("e") }), T0 + 5);
        await store.append(failed.run.id, [{ at: T0 + 900, type: "pre", data: {} }]);

        await store.prune({ events: 0, runs: T0 + 1000 }, T0 + 2000);

        expect(await states()).toEqual({ a: "succeeded", b: "succeeded", e: "queued" });
        expect(await store.runs({ states: ["succeeded"] })).toHaveLength(2);
        expect((await store.runs({ states: ["succeeded"] })).at(-1)?.requestId).toBe("kept");
        expect(await store.events(failed.run.id, 0, 10)).toEqual([]);
        expect(await store.hasSucceeded("staging", commit("a"))).toBe(true);
        expect(await store.stackRelease("staging")).toMatchObject({ commit: commit("b"), since: T0 + 2 });
      });

      test("keeps runs that ended later, and drops old events and keys that ran out", async () => {
        const { run } = await store.accept(request(), T0);
        await store.transition(run.id, "cancel", {}, T0 + 1000);
        await store.append(run.id, [
          { at: T0, type: "pre", data: "old" },
          { at: T0 + 500, type: "pre", data: "new" },
        ]);
        await store.remember("gone", T0 + 100, T0);
        await store.remember("stays", T0 + 5000, T0);
        await store.prune({ events: T0 + 500, runs: T0 + 1000 }, T0 + 2000);
        expect(await store.run(run.id)).toBeDefined();
        expect(await store.events(run.id, 0, 10)).toEqual([{ seq: 2, at: T0 + 500, type: "pre", data: "new" }]);
        await store.append(run.id, [{ at: T0 + 600, type: "done", data: "next" }]);
        expect((await store.events(run.id, 2, 10)).map((event) => event.seq)).toEqual([3]);
        expect(await store.remember("stays", T0 + 9000, T0 + 2000)).toBe(false);
      });
    });

    test("keeps everything when it is opened again", async () => {
      const released = await succeed(store, { commit: commit("b") }, T0);
      const { run } = await store.accept(request(), T0 + 1);
      const { lease } = await mustClaim(store, "one", T0 + 1);
      await store.append(run.id, [{ at: T0, type: "pre", data: "x" }]);
      await store.remember("nonce", T0 + 5000, T0);
      await store.pinTag("v1.0.1", commit("a"), T0);
      await store.close();
      await second.close();

      store = await openStore(url);
      second = await openStore(url);
      expect(await store.run(run.id)).toMatchObject({ state: "running", startedAt: T0 + 1 });
      expect(await store.events(run.id, 0, 10)).toHaveLength(1);
      expect(await store.remember("nonce", T0 + 9000, T0 + 10)).toBe(false);
      expect(await store.pinTag("v1.0.1", commit("c"), T0)).toBe(commit("a"));
      expect(await store.stackRelease("staging")).toMatchObject({ run: released });
      expect(await store.claim("two", LEASE, T0 + 2)).toBeUndefined();
      expect(await store.renew(lease, LEASE, T0 + 2)).toBe(true);
    });

    test("proves with a ping that it can write, and rejects when it cannot", async () => {
      await store.ping(T0);
      await store.ping(T0 + 1);
      await store.close();
      await expect(store.ping(T0 + 2)).rejects.toThrow(StoreUnavailable);
      await expect(store.accept(request(), T0 + 2)).rejects.toThrow(StoreUnavailable);
      await store.close();
    });
  });
}
