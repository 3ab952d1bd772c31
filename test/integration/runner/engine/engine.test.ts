import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEventStream } from "../../../../cli/client.ts";
import { parseServerSentEvents, type ServerSentEvent } from "../../../../cli/runner/follow/server-sent-events.ts";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";
import { processesOf } from "./apart.ts";

const locks = (harness: Harness) => {
  const folder = join(harness.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
};
const ended = (harness: Harness, id: unknown) =>
  until("the run ends", 120_000, async () => {
    const { body } = await harness.send("GET", `/runs/${id}`);
    return body.finished_at === null ? undefined : body;
  });
async function collect(harness: Harness, id: unknown, lastEventId?: string): Promise<ServerSentEvent[]> {
  const options = { signal: AbortSignal.timeout(120_000), ...(lastEventId === undefined ? {} : { lastEventId }) };
  const stream = await openEventStream(
    { url: harness.runner.url, secret: harness.secret },
    `/runs/${id}/events`,
    options,
  );
  const events: ServerSentEvent[] = [];
  for await (const event of parseServerSentEvents(stream!)) events.push(event);
  return events;
}

describe("runs on the real engine", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  test("a preview tells what would be, and does nothing", async () => {
    const { body } = await harness.send("POST", "/preview", { env: "staging", tag: "v1.0.1" }, { waitSeconds: 120 });
    expect(body).toMatchObject({
      status: "success",
      changed_services: ["postgres", "redis"],
      reasons: { redis: "new" },
    });
    expect(harness.actions()).toEqual([]);
  }, 120_000);

  test("the events of a run come as they happen, and again from where they broke off", async () => {
    const { body } = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
    const events = await collect(harness, body.run);
    expect(await ended(harness, body.run)).toMatchObject({ state: "succeeded" });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ type }) => type === "phase").map(({ data }) => JSON.parse(data).data.name)).toEqual([
      "checkout",
      "look",
      "dependencies",
      "engine",
    ]);
    expect(events.at(-1)).toMatchObject({ type: "summary" });
    expect(await collect(harness, body.run, "3")).toEqual(events.slice(3));
  }, 120_000);

  test("drift names what was changed by hand and fixes nothing", async () => {
    const drift = () => harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 120 });
    expect((await drift()).body).toMatchObject({ status: "success", drift: false, drifted_services: [] });
    const live = harness.live("staging/redis");
    harness.setLive("staging/redis", { ...live, env: { RELEASE_NOTE: "by hand" } });
    const actions = harness.actions().length;
    expect((await drift()).body).toMatchObject({
      drift: true,
      drifted_services: ["redis"],
      reasons: { redis: "drift: env.RELEASE_NOTE", postgres: "equal" },
    });
    expect(harness.actions().length).toBe(actions);
    const { stacks } = (await harness.send("GET", "/stacks")).body as { stacks: object[] };
    expect(stacks).toContainEqual(expect.objectContaining({ env: "staging", drift: true }));
  }, 120_000);

  test("a cancel ends the engine cleanly, and the next deploy fixes what it left", async () => {
    harness.origin.release("v1.0.2", { "env.json": JSON.stringify({ postgres: { N: "2" }, redis: { N: "2" } }) });
    harness.script("staging/postgres", { delayMs: 60_000 });
    const before = harness.actions().length;
    const { body } = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    await until("postgres is being deployed", 60_000, () =>
      harness
        .actions()
        .slice(before)
        .some(({ id }) => id === "staging/postgres"),
    );
    const canceled = await harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2" });
    expect(canceled.status).toBe(202);
    const run = await ended(harness, body.run);
    expect(run).toMatchObject({ state: "canceled", cause: { code: "canceled" } });
    expect(run.outcomes).toContainEqual(expect.objectContaining({ service: "postgres", result: "canceled" }));
    expect(locks(harness)).toEqual([]);
    expect(processesOf(harness.folder)).toEqual([]);
    harness.script("staging/postgres", null);
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    expect(harness.live("staging/postgres")).toMatchObject({ deployed: true, env: { N: "2" } });
  }, 180_000);

  test("another update of the same stack, from a laptop, is waited for and not broken", async () => {
    const folder = join(harness.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, "7b0d3c9e-0000-4000-8000-000000000000.json");
    writeFileSync(
      lock,
      JSON.stringify({ pid: 1, username: "me", hostname: "laptop", timestamp: new Date().toISOString() }),
    );
    const { body } = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    await until("it waits", 60_000, () => harness.logged().includes('"waits_for":"stack"'));
    expect(existsSync(lock)).toBe(true);
    // A newer request is not held up by that.
    harness.origin.release("v1.0.3", { "env.json": JSON.stringify({ postgres: { N: "3" }, redis: { N: "3" } }) });
    const since = Date.now();
    const newer = await harness.deploy("staging", "v1.0.3", {}, { waitSeconds: 0 });
    expect(await ended(harness, body.run)).toMatchObject({ state: "superseded" });
    expect(Date.now() - since).toBeLessThan(15_000);
    rmSync(lock);
    expect(await ended(harness, newer.body.run)).toMatchObject({ state: "succeeded" });
    expect(harness.live("staging/redis")).toMatchObject({ env: { N: "3" } });
  }, 180_000);
});

describe("limits of a run", () => {
  test("one that takes longer than RUN_TIMEOUT fails with that cause and leaves nothing", async () => {
    const harness = await startHarness({ RUN_TIMEOUT: "10" });
    try {
      harness.script("staging/postgres", { delayMs: 60_000 });
      harness.script("staging/redis", { delayMs: 60_000 });
      const { status, body } = await harness.deploy("staging", "v1.0.1");
      expect(status).toBe(500);
      expect(body).toMatchObject({
        status: "failed",
        cause: { code: "timeout", message: expect.stringContaining("10 s") },
      });
      expect(locks(harness)).toEqual([]);
      expect(processesOf(harness.folder)).toEqual([]);
    } finally {
      await harness.stop();
    }
  }, 120_000);

  test("SIGTERM hands a running update back, and the next runner ends it", async () => {
    const harness = await startHarness({ SHUTDOWN_GRACE: "1" }, { apart: true });
    try {
      harness.script("staging/postgres", { delayMs: 60_000 });
      const { body } = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
      await until("postgres is being deployed", 60_000, () =>
        harness.actions().some(({ id }) => id === "staging/postgres"),
      );
      await harness.runner.stop(0);
      expect(harness.logged()).toContain('"msg":"runner stopped"');
      expect(processesOf(harness.folder)).toEqual([]);
      expect(locks(harness)).toEqual([]);
      harness.script("staging/postgres", null);
      await harness.restart();
      expect(await ended(harness, body.run)).toMatchObject({ state: "succeeded" });
    } finally {
      await harness.stop();
    }
  }, 180_000);
});
