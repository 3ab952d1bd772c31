import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { createInstantEngine, type InstantEngine } from "./instant.ts";
import { until } from "./until.ts";

let harness: Harness;
let engine: InstantEngine;
beforeEach(async () => {
  engine = createInstantEngine();
  harness = await startHarness({}, { perform: engine.perform });
});
afterEach(() => harness.stop());

const v2 = { form: "v2" as const };
const now = { waitSeconds: 0 };
const hold = (more: Record<string, unknown> = {}) =>
  harness.send("POST", "/holds", { env: "staging", reason: "the database is moved", triggered_by: "ada", ...more }, v2);
const lift = (id: unknown) => harness.send("POST", `/holds/${id}/lift`, { triggered_by: "ben" }, v2);
const read = async (id: unknown) => (await harness.send("GET", `/runs/${id}`)).body;
const stack = async () =>
  ((await harness.send("GET", "/stacks")).body.stacks as Record<string, unknown>[]).find(
    ({ env }) => env === "staging",
  );
const ended = (id: unknown) =>
  until("the run ends", 20_000, async () => {
    const run = await read(id);
    return run.finished_at === null ? undefined : run;
  });
const release = (number: number) => harness.origin.release(`v1.0.${number}`, { note: String(number) });

describe("a held environment", () => {
  test("takes deploys and has them wait, named: in the answer, the run, the list of environments", async () => {
    const made = await hold({ until: "2099-01-31T13:00:00+01:00" });
    expect(made).toMatchObject({
      status: 200,
      body: {
        ...{ env: "staging", by: "ada", reason: "the database is moved", until: "2099-01-31T12:00:00.000Z" },
        ...{ taken_back: null, ended_at: null, under_way: null },
      },
    });
    const gate = { kind: "hold", id: made.body.id, by: "ada", reason: "the database is moved" };
    const told = { ...gate, until: "2099-01-31T12:00:00.000Z" };
    const answer = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 1 });
    expect(answer).toMatchObject({ status: 202, body: { status: "waiting", tag: "v1.0.1", gate: told } });
    expect(answer.body).not.toHaveProperty("waiting");
    expect(await read(answer.body.run)).toMatchObject({ state: "waiting", started_at: null, gate: told });
    expect(await stack()).toMatchObject({
      holds: [{ id: made.body.id, by: "ada" }],
      held_back: { run: answer.body.run, tag: "v1.0.1" },
    });
    expect((await harness.send("GET", "/holds?env=staging")).body).toMatchObject({ holds: [{ id: made.body.id }] });
    expect((await harness.send("GET", "/holds?env=production")).body).toEqual({ holds: [] });
    expect(engine.performed).toEqual([]);
  });

  test("goes on with the newest when it is lifted, by whoever may", async () => {
    release(2);
    const { body } = await hold();
    const older = await harness.deploy("staging", "v1.0.1", {}, now);
    const newer = await harness.deploy("staging", "v1.0.2", {}, now);
    expect(await lift(body.id)).toMatchObject({ status: 200, body: { ended_by: "ben" } });
    expect(await ended(newer.body.run)).toMatchObject({ state: "succeeded" });
    expect(await read(older.body.run)).toMatchObject({ state: "superseded", superseded_by: newer.body.run });
    expect(engine.performed).toEqual(["staging v1.0.2"]);
    expect(await lift(body.id)).toMatchObject({ status: 409, body: { error: { code: "hold_ended" } } });
    expect(await lift("none")).toMatchObject({ status: 404, body: { error: { code: "hold_not_found" } } });
    expect((await stack())?.holds).toEqual([]);
  });

  test("ends by its time", async () => {
    await hold({ until: new Date(Date.now() + 1_500).toISOString() });
    const run = await harness.deploy("staging", "v1.0.1", {}, now);
    expect(run.body.status).toBe("waiting");
    expect(await ended(run.body.run)).toMatchObject({ state: "succeeded" });
    await until("it is written down", 10_000, async () => harness.logged().includes('"hold.ended"'));
  });

  test("lets rollbacks, previews and drift checks go on", async () => {
    await harness.deploy("staging", "v1.0.1");
    release(2);
    await harness.deploy("staging", "v1.0.2");
    await hold();
    const back = await harness.deploy("staging", "v1.0.1", { rollback: true }, v2);
    expect(back).toMatchObject({ status: 200, body: { status: "success" } });
    expect(await harness.send("POST", "/preview", { env: "staging", tag: "v1.0.2" })).toMatchObject({ status: 200 });
    expect(await harness.send("POST", "/drift", { env: "staging" })).toMatchObject({ status: 200 });
    const sync = await harness.send("POST", "/sync", { env: "staging", all: true }, now);
    expect(sync).toMatchObject({ status: 202, body: { status: "waiting", tag: "v1.0.1" } });
  });

  test("keeps what waits over a restart, and lets it be canceled", async () => {
    const { body } = await hold();
    const run = await harness.deploy("staging", "v1.0.1", {}, now);
    await harness.runner.stop(0);
    await harness.restart();
    expect(await read(run.body.run)).toMatchObject({ state: "waiting", gate: { id: body.id } });
    const canceled = await harness.send("POST", `/runs/${run.body.run}/cancel`, {}, v2);
    expect(canceled).toMatchObject({ status: 200, body: { state: "canceled" } });
    expect(engine.performed).toEqual([]);
  });

  test("a push waits too, and is told so", async () => {
    await harness.deploy("staging", "v1.0.1");
    await hold();
    const head = harness.origin.release(null, { "components/redis/compose.yaml": "services: {}" });
    const answer = await harness.send("POST", "/webhook", { ref: "refs/heads/main", after: head }, now);
    expect(answer).toMatchObject({ status: 202, body: { status: "waiting", gate: { by: "ada" } } });
  });

  test("a person's hold is not ended by who asks for a newer release", async () => {
    await harness.deploy("staging", "v1.0.1");
    await hold();
    release(2);
    const run = await harness.deploy("staging", "v1.0.2", {}, now);
    expect(run.body).toMatchObject({ status: "waiting" });
  });

  test("says what is under way and goes on", async () => {
    const held = Promise.withResolvers<void>();
    engine.hold = held.promise;
    const run = await harness.deploy("staging", "v1.0.1", {}, now);
    await until("it is under way", 10_000, () => engine.performed.length === 1);
    expect((await hold()).body).toMatchObject({ under_way: run.body.run });
    engine.hold = undefined;
    held.resolve();
    expect(await ended(run.body.run)).toMatchObject({ state: "succeeded" });
  });

  test("asked for twice is one hold", async () => {
    const one = await hold();
    expect((await hold()).body).toMatchObject({ id: one.body.id, duplicate: true });
  });
});

describe("a hold is refused", () => {
  test.each<[string, Record<string, unknown>, number, RegExp]>([
    ["without a reason", { reason: undefined }, 400, /reason/],
    ["with an empty one", { reason: "  " }, 400, /reason/],
    ["with one that acts on a terminal", { reason: "\u001b[31m" }, 400, /reason/],
    ["for an environment that there is not", { env: "nowhere" }, 400, /nowhere/],
    ["for bootstrap", { env: "bootstrap" }, 400, /bootstrap/],
    ["until no moment", { until: "tomorrow" }, 400, /2026-01-31T12:00:00Z/],
    ["until a moment without a time zone", { until: "2099-01-31T12:00:00" }, 400, /until/],
    ["until what is over", { until: "2020-01-31T12:00:00Z" }, 400, /future/],
    ["with what it does not know", { forever: true }, 400, /forever/],
  ])("%s", async (_name, body, status, message) => {
    const answer = await hold(body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toMatch(message);
    expect((await harness.send("GET", "/holds")).body).toEqual({ holds: [] });
  });

  test("in the form that can be sent again", async () => {
    const answer = await harness.send("POST", "/holds", { env: "staging", reason: "r" });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "signature_v2_required" } } });
  });

  test("for production with another key than production's", async () => {
    const secret = "0f".repeat(24);
    harness.env.PRODUCTION_SECRET = secret;
    const asked = { env: "production", reason: "freeze" };
    expect(await harness.send("POST", "/holds", asked, v2)).toMatchObject({ status: 403 });
    const made = await harness.send("POST", "/holds", asked, { ...v2, secret });
    expect(made.status).toBe(200);
    expect(await lift(made.body.id)).toMatchObject({ status: 403 });
  });
});
