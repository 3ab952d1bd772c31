import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emptyMemory } from "../../../../automation/domain/watching/memory.ts";
import type { Observation } from "../../../../automation/domain/watching/observation.ts";
import type { Database } from "../../../../automation/store/database/database.ts";
import { openConnection, openStore } from "../../../../automation/store/open.ts";
import type { Store } from "../../../../automation/store/store.ts";
import { parseServerSentEvents } from "../../../../cli/runner/follow/server-sent-events.ts";
import { type Harness, startHarness } from "../harness.ts";
import { createInstantEngine } from "../instant.ts";
import { until } from "../until.ts";

const TOKEN = "a-token-to-read-0123456789abcdef";
const T0 = 1_780_000_000_000;
const time = (ms: number) => new Date(ms).toISOString();

let harness: Harness;
let store: Store;
let db: Database;
beforeEach(async () => {
  // Nobody looks but the test.
  harness = await startHarness({ API_TOKEN: TOKEN, WATCH_INTERVAL: "0" }, { perform: createInstantEngine().perform });
  const url = `sqlite:${join(harness.folder, "data", "dockmaster.db")}`;
  store = await openStore(url);
  db = await openConnection(url);
  await db.query("INSERT INTO left_behind (stack, run_id, kept_at, record) VALUES ('staging', 'r', $1, '{}')", [T0]);
});
afterEach(async () => {
  await store.close();
  await db.close();
  await harness.stop();
});

function observation(id: string, changes: Partial<Observation> = {}): Observation {
  return {
    ...{ id, stack: "staging", service: "redis", kind: "unhealthy", parts: ["redis"], run: "run-1" },
    containers: [{ container: "redis", is: "exited", exitCode: 137, startedAt: time(T0) }],
    ...{ seenAt: T0, confirmedAt: T0 + 1000, endedAt: null },
    ...changes,
  };
}

async function write(...observations: Observation[]): Promise<void> {
  const { watch } = await store.claimWatch({ holdMs: 0, mostMs: 1_000_000_000_000 }, T0);
  if (!watch) throw new Error("nothing was due");
  const kept = { watch, left: null, dueAt: T0, lookedAt: T0, memory: emptyMemory(T0), drop: [], notices: [] };
  expect(await store.keepLook({ ...kept, write: observations }, T0)).toBe(true);
}

const read = (path = "/stacks/staging/observations") => harness.send("GET", path);

describe("GET /stacks/{env}/observations", () => {
  test("tells what is open, then what is over, page by page", async () => {
    await write(
      observation("a", { endedAt: T0 + 5000 }),
      observation("b", { endedAt: T0 + 6000, kind: "changed", parts: ["env.A"], containers: [] }),
      observation("c", { endedAt: T0 + 7000 }),
      observation("d", { confirmedAt: null }),
      observation("e"),
    );
    const { status, body } = await read("/stacks/staging/observations?limit=2");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      env: "staging",
      watch: { state: "not_watched", why: "WATCH_INTERVAL is 0", findings: 1 },
      open: [
        { id: "d", confirmed_at: null },
        { id: "e", found: "redis: exited (137)", ended_at: null },
      ],
      ended: [{ id: "c" }, { id: "b", found: "drift: env.A", ended_at: time(T0 + 6000) }],
      next: "b",
    });
    expect((body.open as object[])[1]).toMatchObject({
      containers: [{ container: "redis", is: "exited", exit_code: 137, started_at: time(T0) }],
    });
    const next = await read("/stacks/staging/observations?limit=2&before=b");
    expect(next.body).toMatchObject({ ended: [{ id: "a" }], next: null });
  });

  test("has a line of it in /stacks", async () => {
    await write(observation("e"));
    // Git is read in the background.
    const body = await until("Git was read", 30_000, async () => {
      const answer = await read("/stacks");
      return (answer.body.stacks as object[]).length > 0 && answer.body;
    });
    expect(body.stacks).toContainEqual(
      expect.objectContaining({ env: "staging", watch: expect.objectContaining({ findings: 1 }) }),
    );
  });

  test.each([
    ["an environment that there is not", "/stacks/nowhere/observations", 404, "stack_not_found"],
    ["what is no name", "/stacks/..%2Fstaging/observations", 404, "stack_not_found"],
    ["a page of nothing", "/stacks/staging/observations?limit=0", 400, "query_invalid"],
    ["what it does not know", "/stacks/staging/observations?state=open", 400, "query_invalid"],
  ])("refuses %s", async (_name, path, status, code) => {
    expect(await read(path)).toMatchObject({ status, body: { error: { code } } });
  });

  test("asks who reads", async () => {
    expect((await fetch(new URL("/stacks/staging/observations", harness.runner.url))).status).toBe(401);
  });
});

describe("the stream of the same", () => {
  const open = (headers: Record<string, string> = {}, method = "GET") =>
    fetch(new URL("/stacks/staging/observations", harness.runner.url), {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, accept: "text/event-stream", ...headers },
      signal: AbortSignal.timeout(30_000),
    });
  /** The next events of a stream, each as `id event service`. */
  const take = async (answer: Response, count: number) => {
    const events: string[] = [];
    const ids: string[] = [];
    if (answer.body === null) throw new Error("it streams nothing");
    for await (const { id, type, data } of parseServerSentEvents(answer.body)) {
      const { at, data: view } = JSON.parse(data) as { at: string; data: { id: string } };
      events.push(`${type} ${view.id} ${Date.parse(at) - T0}`);
      ids.push(id ?? "");
      if (events.length === count) break;
    }
    return { events, ids };
  };

  test("tells what was confirmed and what is over, in order, and goes on where it was left", async () => {
    await write(
      observation("a", { endedAt: T0 + 3000 }),
      observation("b", { confirmedAt: T0 + 2000 }),
      observation("c", { confirmedAt: null }),
    );
    const answer = await open();
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const first = await take(answer, 3);
    expect(first.events).toEqual(["confirmed a 1000", "confirmed b 2000", "over a 3000"]);
    const again = await take(await open({ "last-event-id": first.ids[0] ?? "" }), 2);
    expect(again.events).toEqual(["confirmed b 2000", "over a 3000"]);
    const following = open({ "last-event-id": first.ids[2] ?? "" }).then((stream) => take(stream, 1));
    await write(observation("b", { confirmedAt: T0 + 2000, endedAt: T0 + 9000 }));
    expect((await following).events).toEqual(["over b 9000"]);
  });

  test("refuses a place that it never gave, and says what it is without a body", async () => {
    await write();
    const refused = await open({ "last-event-id": "7" });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: "query_invalid" } });
    expect((await open({}, "HEAD")).headers.get("content-type")).toContain("text/event-stream");
  });
});
