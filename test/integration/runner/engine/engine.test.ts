import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEventStream } from "../../../../cli/client.ts";
import { parseServerSentEvents, type ServerSentEvent } from "../../../../cli/runner/follow/server-sent-events.ts";
import { until } from "../until.ts";
import { startWorld, type World } from "../world.ts";
import { processesOf } from "./apart.ts";

const locks = (world: World) => {
  const folder = join(world.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
};
const ended = (world: World, id: unknown) =>
  until("the run ends", 120_000, async () => {
    const { body } = await world.send("GET", `/runs/${id}`);
    return body.finished_at === null ? undefined : body;
  });
async function collect(world: World, id: unknown, lastEventId?: string): Promise<ServerSentEvent[]> {
  const options = { signal: AbortSignal.timeout(120_000), ...(lastEventId === undefined ? {} : { lastEventId }) };
  const stream = await openEventStream({ url: world.runner.url, secret: world.secret }, `/runs/${id}/events`, options);
  const events: ServerSentEvent[] = [];
  for await (const event of parseServerSentEvents(stream!)) events.push(event);
  return events;
}

describe("runs on the real engine", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  test("a preview tells what would be, and does nothing", async () => {
    const { body } = await world.send("POST", "/preview", { env: "staging", tag: "v1.0.1" }, { waitSeconds: 120 });
    expect(body).toMatchObject({
      status: "success",
      changed_services: ["postgres", "redis"],
      reasons: { redis: "new" },
    });
    expect(world.deeds()).toEqual([]);
  }, 120_000);

  test("the events of a run come as they happen, and again from where they broke off", async () => {
    const { body } = await world.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
    const events = await collect(world, body.run);
    expect(await ended(world, body.run)).toMatchObject({ state: "succeeded" });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ type }) => type === "phase").map(({ data }) => JSON.parse(data).data.name)).toEqual([
      "checkout",
      "dependencies",
      "engine",
    ]);
    expect(events.at(-1)).toMatchObject({ type: "summary" });
    expect(await collect(world, body.run, "3")).toEqual(events.slice(3));
  }, 120_000);

  test("drift names what was changed by hand and mends nothing", async () => {
    const drift = () => world.send("POST", "/drift", { env: "staging" }, { waitSeconds: 120 });
    expect((await drift()).body).toMatchObject({ status: "success", drift: false, drifted_services: [] });
    const live = world.live("staging/redis");
    world.setLive("staging/redis", { ...live, env: { RELEASE_NOTE: "by hand" } });
    const deeds = world.deeds().length;
    expect((await drift()).body).toMatchObject({
      drift: true,
      drifted_services: ["redis"],
      reasons: { redis: "drift: env.RELEASE_NOTE", postgres: "equal" },
    });
    expect(world.deeds().length).toBe(deeds);
    const { stacks } = (await world.send("GET", "/stacks")).body as { stacks: object[] };
    expect(stacks).toContainEqual(expect.objectContaining({ env: "staging", drift: true }));
  }, 120_000);

  test("a cancel ends the engine cleanly, and the next deploy mends what it left", async () => {
    world.origin.release("v1.0.2", { "env.json": JSON.stringify({ postgres: { N: "2" }, redis: { N: "2" } }) });
    world.script("staging/postgres", { delayMs: 60_000 });
    const before = world.deeds().length;
    const { body } = await world.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    await until("postgres is being deployed", 60_000, () =>
      world
        .deeds()
        .slice(before)
        .some(({ id }) => id === "staging/postgres"),
    );
    const canceled = await world.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2" });
    expect(canceled.status).toBe(202);
    const run = await ended(world, body.run);
    expect(run).toMatchObject({ state: "canceled", cause: { code: "canceled" } });
    expect(run.outcomes).toContainEqual(expect.objectContaining({ service: "postgres", result: "canceled" }));
    expect(locks(world)).toEqual([]);
    expect(processesOf(world.folder)).toEqual([]);
    world.script("staging/postgres", null);
    expect((await world.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    expect(world.live("staging/postgres")).toMatchObject({ deployed: true, env: { N: "2" } });
  }, 180_000);

  test("another update of the same stack, from a laptop, is waited for and not broken", async () => {
    const folder = join(world.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, "7b0d3c9e-0000-4000-8000-000000000000.json");
    writeFileSync(
      lock,
      JSON.stringify({ pid: 1, username: "me", hostname: "laptop", timestamp: new Date().toISOString() }),
    );
    const { body } = await world.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    await until("it waits", 60_000, () => world.logged().includes('"waits_for":"stack"'));
    expect(existsSync(lock)).toBe(true);
    // A newer request is not held up by that.
    world.origin.release("v1.0.3", { "env.json": JSON.stringify({ postgres: { N: "3" }, redis: { N: "3" } }) });
    const since = Date.now();
    const newer = await world.deploy("staging", "v1.0.3", {}, { waitSeconds: 0 });
    expect(await ended(world, body.run)).toMatchObject({ state: "superseded" });
    expect(Date.now() - since).toBeLessThan(15_000);
    rmSync(lock);
    expect(await ended(world, newer.body.run)).toMatchObject({ state: "succeeded" });
    expect(world.live("staging/redis")).toMatchObject({ env: { N: "3" } });
  }, 180_000);
});

describe("limits of a run", () => {
  test("one that takes longer than RUN_TIMEOUT fails with that cause and leaves nothing", async () => {
    const world = await startWorld({ RUN_TIMEOUT: "10" });
    try {
      world.script("staging/postgres", { delayMs: 60_000 });
      world.script("staging/redis", { delayMs: 60_000 });
      const { status, body } = await world.deploy("staging", "v1.0.1");
      expect(status).toBe(500);
      expect(body).toMatchObject({
        status: "failed",
        cause: { code: "timeout", message: expect.stringContaining("10 s") },
      });
      expect(locks(world)).toEqual([]);
      expect(processesOf(world.folder)).toEqual([]);
    } finally {
      await world.stop();
    }
  }, 120_000);

  test("SIGTERM hands a running update back, and the next runner ends it", async () => {
    const world = await startWorld({ SHUTDOWN_GRACE: "1" }, { apart: true });
    try {
      world.script("staging/postgres", { delayMs: 60_000 });
      const { body } = await world.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
      await until("postgres is being deployed", 60_000, () =>
        world.deeds().some(({ id }) => id === "staging/postgres"),
      );
      await world.runner.stop(0);
      expect(world.logged()).toContain('"msg":"runner stopped"');
      expect(processesOf(world.folder)).toEqual([]);
      expect(locks(world)).toEqual([]);
      world.script("staging/postgres", null);
      await world.restart();
      expect(await ended(world, body.run)).toMatchObject({ state: "succeeded" });
    } finally {
      await world.stop();
    }
  }, 180_000);
});
