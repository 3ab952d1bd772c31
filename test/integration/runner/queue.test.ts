import { renameSync } from "node:fs";
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

/** Makes the engine wait until the returned function is called. */
function hold(): () => void {
  const held = Promise.withResolvers<void>();
  engine.hold = held.promise;
  return () => {
    engine.hold = undefined;
    held.resolve();
  };
}

const release = (number: number) => harness.origin.release(`v1.0.${number}`, { note: String(number) });
const now = { waitSeconds: 0 };
const read = async (id: unknown) => (await harness.send("GET", `/runs/${id}`)).body;
const ended = (id: unknown) =>
  until("the run ends", 20_000, async () => {
    const run = await read(id);
    return run.finished_at === null ? undefined : run;
  });

describe("requests for one stack", () => {
  test("a burst of ten ends in one update, the last", async () => {
    const letGo = hold();
    const first = await harness.deploy("staging", "v1.0.1", {}, now);
    await until("the first is under way", 10_000, () => engine.performed.length === 1);
    for (let number = 2; number <= 11; number++) release(number);
    const runs = [];
    for (let number = 2; number <= 11; number++)
      runs.push((await harness.deploy("staging", `v1.0.${number}`, {}, now)).body.run);
    letGo();
    const last = await ended(runs.at(-1));
    expect(last).toMatchObject({ state: "succeeded", tag: "v1.0.11" });
    expect(engine.performed).toEqual(["staging v1.0.1", "staging v1.0.11"]);
    expect(await read(first.body.run)).toMatchObject({ state: "succeeded" });
    for (const id of runs.slice(0, -1))
      expect(await read(id)).toMatchObject({ state: "superseded", superseded_by: last.id });
  });

  test("one that waits for a superseded run is told by which", async () => {
    const letGo = hold();
    await harness.deploy("staging", "v1.0.1", {}, now);
    await until("the first is under way", 10_000, () => engine.performed.length === 1);
    release(2);
    release(3);
    const waiting = harness.deploy("staging", "v1.0.2");
    await until(
      "it is queued",
      10_000,
      async () => ((await harness.send("GET", "/runs")).body.runs as unknown[]).length === 2,
    );
    await harness.deploy("staging", "v1.0.3", {}, now);
    letGo();
    expect(await waiting).toMatchObject({ status: 200, body: { status: "superseded", superseded_by: "v1.0.3" } });
  });

  test("the same twice while in flight is one run", async () => {
    const letGo = hold();
    const one = await harness.deploy("staging", "v1.0.1", {}, now);
    const two = await harness.deploy("staging", "v1.0.1", {}, now);
    expect(two.body).toMatchObject({ run: one.body.run, duplicate: true });
    expect(one.body.duplicate).toBeUndefined();
    letGo();
    await ended(one.body.run);
    expect(engine.performed).toEqual(["staging v1.0.1"]);
  });

  test("an older release is superseded on arrival and recorded, and only a rollback goes back", async () => {
    release(2);
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    const late = await harness.deploy("staging", "v1.0.1");
    expect(late).toMatchObject({
      status: 200,
      body: { status: "superseded", superseded_by: "v1.0.2", hint: expect.stringContaining("rollback") },
    });
    expect(await read(late.body.run)).toMatchObject({ state: "superseded", tag: "v1.0.1" });
    const back = await harness.deploy("staging", "v1.0.1", { rollback: true, reason: "it is broken" }, { form: "v2" });
    expect(back.body).toMatchObject({ status: "success", tag: "v1.0.1" });
    expect(await read(back.body.run)).toMatchObject({ rollback: true, reason: "it is broken" });
    expect(engine.performed).toEqual(["staging v1.0.2", "staging v1.0.1"]);
    // What was recorded on the wire before the rollback changes nothing when it comes again.
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "superseded" });
  });

  test("stacks do not wait for each other", async () => {
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    harness.origin.git("tag", "-a", "v1.1.0", "-m", "Release v1.1.0\n\nDockmaster-Kind: production");
    harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.1.0");
    const letGo = hold();
    const slow = await harness.deploy("staging", "v1.0.1", {}, now);
    const production = await harness.deploy("production", "v1.1.0", {}, now);
    await until("both are under way", 10_000, () => engine.performed.length === 3);
    letGo();
    expect(await ended(slow.body.run)).toMatchObject({ state: "succeeded" });
    expect(await ended(production.body.run)).toMatchObject({ state: "succeeded", env: "production" });
  });

  test("a tag that moves is refused with both commits", async () => {
    await harness.deploy("staging", "v1.0.1");
    harness.origin.release(null, { note: "other" });
    harness.origin.git("tag", "--force", "v1.0.1");
    harness.origin.git("push", "--quiet", "--force", "origin", "refs/tags/v1.0.1");
    // As if the remote had been read since: by another request, or the health check.
    await harness.deploy("staging", "v9.9.9");
    const { status, body } = await harness.deploy("staging", "v1.0.1");
    expect(status).toBe(409);
    expect(body).toMatchObject({
      error: { code: "tag_moved", message: expect.stringMatching(/[0-9a-f]{7}.*[0-9a-f]{7}/) },
    });
  });

  test("lightweight tags count like annotated ones", async () => {
    const commit = harness.origin.release(null, { note: "light" });
    harness.origin.git("tag", "v1.0.2");
    harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.0.2");
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success", commit });
  });
});

describe("cancel", () => {
  const cancel = (id: unknown, form: "v2" | "plain" = "v2") => harness.send("POST", `/runs/${id}/cancel`, {}, { form });

  test("of a queued run: it never starts", async () => {
    const letGo = hold();
    const first = await harness.deploy("staging", "v1.0.1", {}, now);
    await until("the first is under way", 10_000, () => engine.performed.length === 1);
    release(2);
    const { body } = await harness.deploy("staging", "v1.0.2", {}, now);
    expect(await cancel(body.run)).toMatchObject({
      status: 200,
      body: { state: "canceled", cause: { code: "canceled" } },
    });
    letGo();
    await ended(first.body.run);
    expect(engine.performed).toEqual(["staging v1.0.1"]);
  });

  test("of a running run: it ends canceled, and its caller hears of it", async () => {
    hold();
    const waiting = harness.deploy("staging", "v1.0.1");
    await until("it is under way", 10_000, () => engine.performed.length === 1);
    const { runs } = (await harness.send("GET", "/runs")).body as { runs: { id: string }[] };
    expect((await cancel(runs[0]!.id)).status).toBe(202);
    expect(await waiting).toMatchObject({ status: 500, body: { status: "canceled" } });
  });

  test("needs a v2 signature, a run that there is, and one that has not ended", async () => {
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(await cancel(body.run, "plain")).toMatchObject({
      status: 401,
      body: { error: { code: "signature_v2_required" } },
    });
    expect(await cancel("none")).toMatchObject({ status: 404 });
    expect(await cancel(body.run)).toMatchObject({ status: 409, body: { error: { code: "run_finished" } } });
  });
});

describe("a runner that stops", () => {
  test("hands a running run back, and the next one carries it out", async () => {
    hold();
    const { body } = await harness.deploy("staging", "v1.0.1", {}, now);
    await until("it is under way", 10_000, () => engine.performed.length === 1);
    await harness.runner.stop(0);
    engine.hold = undefined;
    await harness.restart();
    expect(await ended(body.run)).toMatchObject({ state: "succeeded", tag: "v1.0.1" });
    expect(engine.performed).toEqual(["staging v1.0.1", "staging v1.0.1"]);
  });
});

test("who waits for a run when the runner stops is told that it goes on", async () => {
  hold();
  const waiting = harness.deploy("staging", "v1.0.1");
  await until("it is under way", 10_000, () => engine.performed.length === 1);
  await harness.runner.stop(0);
  expect(await waiting).toMatchObject({ status: 202, body: { status: "in_progress" } });
  engine.hold = undefined;
  await harness.restart();
});

describe("sync, preview and drift", () => {
  test("sync brings the stack once more to its release, and needs one", async () => {
    const none = await harness.send("POST", "/sync", { all: true });
    expect(none).toMatchObject({
      status: 409,
      body: { error: { code: "nothing_deployed", hint: expect.stringContaining("deploy") } },
    });
    await harness.deploy("staging", "v1.0.1");
    const some = await harness.send("POST", "/sync", { services: ["platform/redis"] });
    expect(some.body).toMatchObject({
      status: "success",
      tag: "v1.0.1",
      deployed_services: ["redis"],
      changed_services: ["redis"],
      reasons: { redis: "changed: composeFile" },
    });
    expect((await harness.send("POST", "/sync", { all: true })).body).toMatchObject({
      deployed_services: ["postgres", "redis"],
    });
    expect(engine.performed).toEqual(["staging v1.0.1", "staging v1.0.1", "staging v1.0.1"]);
  });

  test.each<[string, unknown]>([
    ["neither services nor all", {}],
    ["both", { all: true, services: ["redis"] }],
    ["all that is not true", { all: "true" }],
    ["an empty list", { services: [] }],
  ])("sync refuses %s", async (_name, body) => {
    expect(await harness.send("POST", "/sync", body)).toMatchObject({
      status: 400,
      body: { error: { code: "body_invalid" } },
    });
  });

  test("preview takes a tag or a commit of the repository, and no other", async () => {
    const commit = harness.origin.release(null, { note: "not tagged" });
    const of = (body: object) => harness.send("POST", "/preview", { env: "staging", ...body });
    expect((await of({ commit })).body).toMatchObject({
      status: "success",
      tag: null,
      commit,
      changed_services: ["redis"],
    });
    expect((await of({ tag: "v1.0.1" })).body).toMatchObject({ status: "success", tag: "v1.0.1" });
    // Its bytes are those of a deploy, and the plain signature knows no path.
    expect(await of({ tag: "v1.0.1", triggered_by: "me" })).toMatchObject({
      status: 401,
      body: { error: { code: "signature_v2_required" } },
    });
    const signed = { env: "staging", tag: "v1.0.1", triggered_by: "me" };
    expect((await harness.send("POST", "/preview", signed, { form: "v2" })).body).toMatchObject({ status: "success" });
    expect(await of({ commit: "1".repeat(40) })).toMatchObject({
      status: 404,
      body: { error: { code: "commit_not_found" } },
    });
    expect(await of({ commit: "main" })).toMatchObject({ status: 400 });
    expect(await of({ commit, tag: "v1.0.1" })).toMatchObject({ status: 400 });
    // A commit that only a pull request's ref holds is as good as a stranger's.
    harness.origin.git("checkout", "--quiet", "--orphan", "fork");
    harness.origin.git("commit", "--quiet", "--allow-empty", "-m", "from a fork");
    const foreign = harness.origin.git("rev-parse", "HEAD");
    harness.origin.git("push", "--quiet", "origin", `${foreign}:refs/pull/1/head`);
    expect(await of({ commit: foreign })).toMatchObject({ status: 404, body: { error: { code: "commit_not_found" } } });
  });

  test("a preview never counts as a deploy", async () => {
    await harness.deploy("staging", "v1.0.1");
    release(2);
    await harness.send("POST", "/preview", { env: "staging", tag: "v1.0.2" });
    const { stacks } = (await harness.send("GET", "/stacks")).body as { stacks: object[] };
    expect(stacks).toContainEqual(
      expect.objectContaining({ env: "staging", tag: "v1.0.1", behind_by: 1, healthy: true }),
    );
  });

  test("drift tells what was changed by hand, and /stacks knows of it until the next update", async () => {
    await harness.deploy("staging", "v1.0.1");
    const drift = await harness.send("POST", "/drift", { env: "staging" });
    expect(drift.body).toMatchObject({ status: "success", drift: true, drifted_services: ["redis"] });
    const staging = async () =>
      ((await harness.send("GET", "/stacks")).body.stacks as { env: string }[]).find(({ env }) => env === "staging");
    expect(await staging()).toMatchObject({ drift: true });
    await harness.send("POST", "/sync", { all: true });
    expect(await staging()).toMatchObject({ drift: null });
    expect((await harness.send("GET", "/stacks")).body.stacks).toContainEqual(
      expect.objectContaining({ env: "production", tag: null, healthy: null, drift: null, behind_by: null }),
    );
  });
});

describe("a remote that cannot be read", () => {
  test("is not an absent one: 503, nothing accepted, and the next request works", async () => {
    release(2);
    renameSync(harness.origin.url, `${harness.origin.url}.away`);
    const { status, body } = await harness.deploy("staging", "v1.0.2");
    expect(status).toBe(503);
    expect(body).toMatchObject({
      error: { code: "git_unreachable", hint: expect.stringContaining("nothing was changed") },
    });
    renameSync(`${harness.origin.url}.away`, harness.origin.url);
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
  });

  test("does not keep a runner that was restarted from repair and going back with the copy that it has", async () => {
    await harness.deploy("staging", "v1.0.1");
    release(2);
    await harness.deploy("staging", "v1.0.2");
    renameSync(harness.origin.url, `${harness.origin.url}.away`);
    await harness.restart();
    expect((await harness.send("POST", "/sync", { all: true })).body).toMatchObject({
      status: "success",
      tag: "v1.0.2",
    });
    expect((await harness.send("POST", "/drift", { env: "staging" })).status).toBe(200);
    const back = await harness.deploy("staging", "v1.0.1", { rollback: true }, { form: "v2" });
    expect(back.body).toMatchObject({ status: "success", tag: "v1.0.1" });
    expect(await harness.deploy("staging", "v1.0.2", {}, { form: "v2" })).toMatchObject({
      status: 503,
      body: { error: { code: "git_unreachable" } },
    });
    expect(await harness.deploy("staging", "v9.9.9", { rollback: true }, { form: "v2" })).toMatchObject({
      status: 503,
    });
    renameSync(`${harness.origin.url}.away`, harness.origin.url);
  });
});
