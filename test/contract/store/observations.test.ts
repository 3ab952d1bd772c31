import { afterEach, describe, expect, test } from "vitest";
import { emptyMemory } from "../../../automation/domain/watching/memory.ts";
import type { Observation } from "../../../automation/domain/watching/observation.ts";
import type { Database } from "../../../automation/store/database/database.ts";
import { openConnection } from "../../../automation/store/open.ts";
import type { KeptLook, Watch } from "../../../automation/store/stack/observing.ts";
import type { Store } from "../../../automation/store/store.ts";
import { engines } from "./engines.ts";
import { usePair } from "./pair.ts";
import { mustClaim, request, succeed, T0 } from "./requests.ts";

const MINUTE = 60_000;
const HOLD = { holdMs: 30_000, mostMs: 5 * MINUTE };

function observation(id: string, changes: Partial<Observation> = {}): Observation {
  return {
    id,
    stack: "staging",
    service: "redis",
    kind: "changed",
    parts: ["env.REDIS_ARGS"],
    containers: [],
    run: "run-1",
    seenAt: T0,
    confirmedAt: null,
    endedAt: null,
    ...changes,
  };
}

for (const engine of engines()) {
  describe.skipIf(engine.missing)(
    `observations on ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`,
    () => {
      let store: Store;
      let second: Store;
      let db: Database;

      usePair(engine, async (pair) => {
        ({ store, second } = pair);
        db = await openConnection(pair.url);
      });
      afterEach(() => db.close());

      const leave = (stack: string, run = "run-1", keptAt = T0) =>
        db.query("INSERT INTO left_behind (stack, run_id, kept_at, record) VALUES ($1, $2, $3, '{}')", [
          stack,
          run,
          keptAt,
        ]);
      const mustTake = async (now: number): Promise<Watch> => {
        const { watch } = await store.claimWatch(HOLD, now);
        if (!watch) throw new Error("nothing was due");
        return watch;
      };
      const look = (watch: Watch, changes: Partial<KeptLook> = {}): KeptLook => ({
        watch,
        left: { run: "run-1", keptAt: T0 },
        dueAt: T0 + MINUTE,
        lookedAt: T0,
        memory: emptyMemory(T0),
        write: [],
        drop: [],
        notices: [],
        ...changes,
      });
      /** Writes observations as a look at staging would. */
      const write = async (now: number, write: Observation[], changes: Partial<KeptLook> = {}) => {
        const watch = await mustTake(now);
        expect(await store.keepLook(look(watch, { write, dueAt: now, ...changes }), now)).toBe(true);
      };

      describe("watches", () => {
        test("has nothing to look at where nothing was left", async () => {
          expect(await store.claimWatch(HOLD, T0)).toEqual({});
        });

        test("takes each stack once, and tells when the next is due", async () => {
          await leave("production");
          await leave("staging");
          expect(await store.claimWatch(HOLD, T0)).toEqual({
            watch: { stack: "production", dueAt: T0 + 30_000, lookedAt: null, memory: null },
            next: T0,
          });
          expect(await second.claimWatch(HOLD, T0 + 1)).toMatchObject({
            watch: { stack: "staging" },
            next: T0 + 30_000,
          });
          expect(await second.claimWatch(HOLD, T0 + 2)).toEqual({ next: T0 + 30_000 });
        });

        test("leaves one that was never looked at for a while", async () => {
          await leave("staging");
          const times = { ...HOLD, firstMs: 7_000 };
          expect(await store.claimWatch(times, T0)).toEqual({ next: T0 + 7_000 });
          expect(await second.claimWatch(times, T0 + 6_999)).toEqual({ next: T0 + 7_000 });
          expect(await second.claimWatch(times, T0 + 7_000)).toHaveProperty("watch.stack", "staging");
        });

        test("gives a due stack to one of many who ask at once", async () => {
          await leave("staging");
          const ask = (now: number) =>
            Promise.all(Array.from({ length: 10 }, (_, at) => (at % 2 ? store : second).claimWatch(HOLD, now)));
          expect((await ask(T0)).filter(({ watch }) => watch)).toHaveLength(1);
          expect((await ask(T0 + 30_000)).filter(({ watch }) => watch)).toHaveLength(1);
        });

        test("goes on with what the look before kept in mind", async () => {
          await leave("staging");
          const memory = { ...emptyMemory(T0), proven: { redis: T0 } };
          await store.keepLook(look(await mustTake(T0), { memory }), T0);
          expect(await second.claimWatch(HOLD, T0 + MINUTE - 1)).toEqual({ next: T0 + MINUTE });
          const { watch } = await second.claimWatch(HOLD, T0 + MINUTE);
          expect(watch).toEqual({ stack: "staging", dueAt: T0 + MINUTE + 30_000, lookedAt: T0, memory });
          expect(await second.watches()).toEqual([watch]);
        });

        test("is due as well when a clock was set back by more than anybody waits", async () => {
          await leave("staging");
          await store.keepLook(look(await mustTake(T0)), T0);
          expect(await store.claimWatch(HOLD, T0 - 4 * MINUTE)).toEqual({ next: T0 + MINUTE });
          expect(await store.claimWatch(HOLD, T0 - 4 * MINUTE - 1)).toHaveProperty("watch.stack", "staging");
        });

        test("gives back what was not looked at, unless another took it", async () => {
          await leave("staging");
          const watch = await mustTake(T0);
          await store.postponeWatch(watch, T0 + 2_000);
          await store.postponeWatch(watch, T0 + 9_000);
          expect(await store.claimWatch(HOLD, T0 + 1_999)).toEqual({ next: T0 + 2_000 });
        });

        test("counts no look that another took over", async () => {
          await leave("staging");
          const watch = await mustTake(T0);
          const later = await second.claimWatch(HOLD, T0 + 30_000);
          expect(await store.keepLook(look(watch, { write: [observation("a")] }), T0 + 30_001)).toBe(false);
          expect(await store.openObservations()).toEqual([]);
          expect(await second.keepLook(look(later.watch as Watch), T0 + 30_002)).toBe(true);
        });

        test("counts no look while an update is under way, and one while a drift check is", async () => {
          await leave("staging");
          const { run } = await store.accept(request(), T0);
          const { lease } = await mustClaim(store, "one", T0);
          expect(await store.keepLook(look(await mustTake(T0)), T0)).toBe(false);
          await store.transition(run.id, "succeed", {}, T0 + 1, lease);
          await store.release(lease, T0 + 1);
          await store.accept(request({ kind: "drift" }), T0 + 2);
          await mustClaim(store, "one", T0 + 2);
          expect(await store.keepLook(look(await mustTake(T0 + MINUTE)), T0 + MINUTE)).toBe(true);
        });

        test.each([
          ["another run left something", "run-2", T0],
          ["an engine saw it anew", "run-1", T0 + 1],
        ])("counts no look when %s meanwhile", async (_name, run, keptAt) => {
          await leave("staging");
          const watch = await mustTake(T0);
          await db.query("UPDATE left_behind SET run_id = $1, kept_at = $2", [run, keptAt]);
          expect(await store.keepLook(look(watch), T0)).toBe(false);
          expect(await store.keepLook(look(watch, { left: { run, keptAt } }), T0)).toBe(true);
        });

        test("goes on with a stack that has nothing to look at any more", async () => {
          await leave("staging");
          const watch = await mustTake(T0);
          await db.query("DELETE FROM left_behind");
          expect(await store.keepLook(look(watch), T0)).toBe(false);
          expect(await store.keepLook(look(watch, { left: null, lookedAt: null }), T0)).toBe(true);
          expect(await store.watches()).toMatchObject([{ lookedAt: null }]);
          // What was open there has still to be ended some day.
          expect(await store.claimWatch(HOLD, T0 + MINUTE)).toHaveProperty("watch.stack", "staging");
        });
      });

      describe("observations", () => {
        test("keeps what was seen, confirmed and over", async () => {
          await leave("staging");
          const seen = observation("a", { kind: "restarted", parts: ["redis"], lastAt: T0 });
          seen.containers = [{ container: "redis", is: "restarted", times: 3, startedAt: "2026-05-28", exitCode: 137 }];
          await write(T0, [seen]);
          expect(await second.standing("staging")).toEqual({ open: [seen], latestAt: T0, latestId: "a" });
          const confirmed = { ...seen, confirmedAt: T0 + 5, lastAt: T0 + 4 };
          await write(T0 + 5, [confirmed]);
          expect(await second.openObservations("staging")).toEqual([confirmed]);
          expect(await second.standing("staging")).toMatchObject({ latestAt: T0 + 5 });
          const over = { ...confirmed, endedAt: T0 + 9 };
          await write(T0 + 9, [over]);
          expect(await second.standing("staging")).toEqual({ open: [], latestAt: T0 + 9, latestId: "a" });
          expect(await second.endedObservations({ stack: "staging", limit: 5 })).toEqual([over]);
        });

        test("forgets what nobody confirmed, and nothing else", async () => {
          await leave("staging");
          await write(T0, [observation("a"), observation("b", { confirmedAt: T0 })], { drop: ["a", "b"] });
          expect((await store.openObservations()).map(({ id }) => id)).toEqual(["b"]);
        });

        test("tells what is open of one stack or of all, oldest first", async () => {
          await leave("staging");
          await write(T0, [observation("b"), observation("a"), observation("c", { stack: "production" })]);
          expect((await store.openObservations("staging")).map(({ id }) => id)).toEqual(["a", "b"]);
          expect((await store.openObservations()).map(({ id }) => id)).toEqual(["a", "b", "c"]);
          expect((await store.standing("other")).open).toEqual([]);
        });

        test("tells what is over page by page, newest first", async () => {
          await leave("staging");
          const ended = ["a", "b", "c"].map((id) => observation(id, { confirmedAt: T0, endedAt: T0 + 1 }));
          await write(T0, [...ended, observation("d")]);
          const page = async (before?: string) =>
            (await store.endedObservations({ stack: "staging", limit: 2, ...(before && { before }) })).map(
              ({ id }) => id,
            );
          expect(await page()).toEqual(["c", "b"]);
          expect(await page("b")).toEqual(["a"]);
        });

        test("tells what was seen or confirmed since a time", async () => {
          await leave("staging");
          await write(T0, [
            observation("a", { seenAt: T0 - 9, confirmedAt: T0 - 5 }),
            observation("b", { seenAt: T0 - 9, confirmedAt: T0 }),
            observation("c", { seenAt: T0 }),
          ]);
          expect((await store.observationsSince("staging", T0)).map(({ id }) => id)).toEqual(["b", "c"]);
          expect(await store.observationsSince("production", 0)).toEqual([]);
        });

        test("tells what happened in order, once each, from any place on", async () => {
          await leave("staging");
          await write(T0, [
            observation("a", { confirmedAt: T0 + 1, endedAt: T0 + 3 }),
            observation("b", { confirmedAt: T0 + 1 }),
            observation("c"),
            observation("d", { confirmedAt: T0 + 2, endedAt: T0 + 2 }),
          ]);
          const all = await store.observationEvents("staging", undefined, 10);
          const brief = all.map(({ at, is, observation: { id } }) => ({ at, is, id }));
          expect(brief.map(({ at, is, id }) => `${id} ${is} ${at - T0}`)).toEqual([
            "a confirmed 1",
            "b confirmed 1",
            "d confirmed 2",
            "d over 2",
            "a over 3",
          ]);
          for (const [index, place] of brief.entries()) {
            expect(await store.observationEvents("staging", place, 10)).toEqual(all.slice(index + 1));
          }
          expect(await store.observationEvents("staging", brief[0], 1)).toEqual(all.slice(1, 2));
        });

        test("files notices under an observation, and each goes out once", async () => {
          await leave("staging");
          const notices = [
            { observation: "a", notices: [{ key: "found:slack", target: "slack", payload: { text: "redis" } }] },
          ];
          await write(T0, [observation("a")], { notices });
          await write(T0 + 1, [observation("a")], { notices });
          expect(await second.takeOutbox(10, 1000, T0 + 2)).toMatchObject([{ run: "a", payload: { text: "redis" } }]);
          expect(await store.takeOutbox(10, 1000, T0 + 1)).toEqual([]);
        });
      });

      test("drops what has been over for long, and keeps notices of what is kept", async () => {
        await leave("staging");
        await succeed(store, {}, T0);
        const told = (id: string) => ({ observation: id, notices: [{ key: "k", target: "slack", payload: id }] });
        await write(
          T0,
          [
            observation("a", { confirmedAt: T0, endedAt: T0 + 1 }),
            observation("b", { confirmedAt: T0, endedAt: T0 + 5 }),
            observation("c"),
          ],
          { notices: ["a", "b", "c"].map(told) },
        );
        await store.prune({ events: T0 + 2, runs: T0 + 2 }, T0 + 10);
        expect((await store.observationsSince("staging", 0)).map(({ id }) => id)).toEqual(["b", "c"]);
        expect((await store.takeOutbox(10, 1000, T0 + 10)).map(({ run }) => run)).toEqual(["b", "c"]);
        expect(await store.watches()).toHaveLength(1);
      });

      test("drops the watch of a stack that has had nothing to look at for long", async () => {
        await leave("staging");
        await write(T0, []);
        await db.query("DELETE FROM left_behind");
        await store.prune({ events: T0, runs: T0 }, T0 + 1);
        expect(await store.watches()).toHaveLength(1);
        await store.prune({ events: T0 + 1, runs: T0 + 1 }, T0 + 2);
        expect(await store.watches()).toEqual([]);
      });
    },
  );
}
