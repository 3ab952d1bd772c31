import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import { engines } from "./engines.ts";
import { request, T0 } from "./requests.ts";

const engine = engines().find(({ name }) => name === "PostgreSQL")!;

describe.skipIf(engine.missing)(`PostgreSQL${engine.missing ? ` (${engine.missing})` : ""}`, () => {
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  test("may break every connection: the store rejects what was under way and goes on", async () => {
    const url = await engine.createUrl();
    const store = await openStore(url);
    await store.accept(request(), T0);
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query("BEGIN; LOCK TABLE runs IN ACCESS EXCLUSIVE MODE");
    const underWay = expect(store.accept(request({ stack: "production" }), T0)).rejects.toThrow();
    const broken = async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'dockmaster' AND wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rowCount;
    };
    await expect.poll(broken, { timeout: 10_000 }).toBe(1);
    await underWay;
    await admin.query("ROLLBACK");
    await admin.end();

    expect(await store.runs({})).toHaveLength(1);
    await store.accept(request({ stack: "production" }), T0);
    expect(await store.runs({})).toHaveLength(2);
    await store.close();
  });
});
