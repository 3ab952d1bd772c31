import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { round } from "../../../../automation/confirm/confirming.ts";
import type { Database, Queries } from "../../../../automation/store/database/database.ts";
import { openSqlite } from "../../../../automation/store/database/sqlite.ts";
import { openSqlStore } from "../../../../automation/store/sql-store.ts";
import type { Store } from "../../../../automation/store/store.ts";
import { type ReleasedStack, releasedStack } from "./released-stack.ts";

class Killed extends Error {}

/** A database whose process is killed at its n-th statement, or right after a commit: whatever it asks from then on comes to nothing. */
function killedAfter(db: Database, statements: number): Database & { wasKilled(): boolean } {
  let left = statements;
  let dead = false;
  const alive = () => {
    if (dead || left-- <= 0) {
      dead = true;
      throw new Killed();
    }
  };
  const counted = (queries: Queries): Queries => ({
    query: async (text, values) => {
      alive();
      return queries.query(text, values);
    },
  });
  return {
    query: counted(db).query,
    locked: async (name, work) => {
      const result = await db.locked(name, (queries) => work(counted(queries)));
      // It is on disk, and nobody hears of it.
      alive();
      return result;
    },
    close: () => db.close(),
    wasKilled: () => dead,
  };
}

let folder: string;
let stack: ReleasedStack;
let file: string;
let good: { tag: string; commit: string };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-killed-"));
  file = join(folder, "store.db");
  stack = await releasedStack({ url: `sqlite:${file}` });
  good = await stack.release("v1.1.0");
  await stack.confirm(good);
  await stack.told();
});
afterEach(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Does something with a store that is killed after so many statements. Returns whether it was killed before it was done. */
async function dyingAfter(statements: number, work: (store: Store) => Promise<unknown>): Promise<boolean> {
  const db = await openSqlite(file);
  // Opening is none of it.
  let inner: Database & { wasKilled(): boolean } = { ...killedAfter(db, Number.POSITIVE_INFINITY) };
  const store = await openSqlStore({
    query: (text, values) => inner.query(text, values),
    locked: (name, run) => inner.locked(name, run),
    close: () => db.close(),
  });
  inner = killedAfter(db, statements);
  await work(store).catch(() => undefined);
  await db.close();
  return inner.wasKilled();
}

const returns = async () =>
  (await stack.store.runs({ stack: "staging" })).filter(({ triggeredBy }) => triggeredBy === "watch");

describe("a runner that is killed at each of its steps", () => {
  test("goes back once, holds once and tells once", async () => {
    const { signal } = new AbortController();
    const next = () => undefined;
    let steps = 0;
    for (let statements = 0; ; statements += 1) {
      await stack.fail(await stack.release(`v1.2.${statements}`));
      const killed = await dyingAfter(statements, (store) => round(stack.context(store), next, signal));
      const halfway = { holds: (await stack.holds()).length, returns: (await returns()).length - statements };
      // Held, and the way back: never one without the other.
      expect(halfway.holds).toBe(halfway.returns);
      await stack.step();
      await stack.step();
      const [hold, ...more] = await stack.holds();
      expect(more).toEqual([]);
      expect(hold).toMatchObject({ by: "dockmaster", takenBack: { tag: `v1.2.${statements}` } });
      const all = await returns();
      expect(all).toHaveLength(statements + 1);
      expect(all[0]).toMatchObject({ ...good, state: "queued", rollback: true });
      const told = await stack.told();
      expect(told.filter((text) => text.includes("is taken back"))).toHaveLength(1);
      expect(told.filter((text) => text.startsWith("staging: held by dockmaster"))).toHaveLength(1);
      // Brought back, and let go, for the next round.
      expect(await stack.carryOut()).toBe(all[0]?.id);
      await stack.step();
      await stack.store.endHold(hold?.id ?? "", "ada", stack.clock.now, () => []);
      stack.clock.now += 1_000;
      steps += 1;
      if (!killed) break;
    }
    // Not one statement, and not hundreds.
    expect(steps).toBeGreaterThan(10);
  }, 600_000);

  test("never loses that an update failed", async () => {
    for (let statements = 0; ; statements += 1) {
      const bad = await stack.release(`v1.3.${statements}`);
      const request = {
        ...({ kind: "deploy", stack: "staging", ...bad, services: null, rollback: false } as const),
        ...{ triggeredBy: "ada", reason: null, requestId: "r" },
      };
      const { run } = await stack.store.accept(request, stack.clock.now);
      const claim = await stack.store.claim("one", 60_000, stack.clock.now);
      if (!claim) throw new Error("it was not its turn");
      await stack.store.update(run.id, { attempts: 1 }, stack.clock.now, claim.lease);
      const cause = { code: "unhealthy" as const, message: "m", hint: "h" };
      const end = (store: Store) => store.transition(run.id, "fail", { cause }, stack.clock.now, claim.lease);
      const killed = await dyingAfter(statements, end);
      const ended = (await stack.store.run(run.id))?.state === "failed";
      const begun = (await stack.store.openConfirmations()).some((each) => each.run === run.id);
      // What failed is to be met, and nothing else is.
      expect(begun).toBe(ended);
      if (!ended) await end(stack.store);
      await stack.store.release(claim.lease, stack.clock.now);
      stack.clock.now += 1_000;
      if (!killed) break;
    }
  }, 600_000);
});
