import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../until.ts";
import { startWorld, type World } from "../world.ts";
import { processesOf } from "./apart.ts";

const SLOW = 60_000;

describe("SIGKILL", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({}, { apart: true });
    expect((await world.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
  }, 120_000);
  afterAll(() => world.stop());

  const locks = () => {
    const folder = join(world.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  };
  const state = () => readFileSync(join(world.folder, "data/state/.pulumi/stacks/dockmaster/staging.json"), "utf8");
  const engines = () => processesOf(world.folder, [world.runner.pid]);
  const ended = (id: unknown) =>
    until("the run ends", 120_000, async () => {
      const { body } = await world.send("GET", `/runs/${id}`);
      return body.finished_at === null ? undefined : body;
    });
  /** Accepts a release that changes both services, of which postgres takes for ever. */
  const begin = async (tag: string) => {
    world.origin.release(tag, { "env.json": JSON.stringify({ postgres: { TAG: tag }, redis: { TAG: tag } }) });
    world.script("staging/postgres", { delayMs: SLOW });
    const before = world.deeds().length;
    const { body } = await world.deploy("staging", tag, {}, { waitSeconds: 0 });
    return {
      id: body.run,
      isDeploying: () =>
        world
          .deeds()
          .slice(before)
          .some(({ id }) => id === "staging/postgres"),
    };
  };
  const expectWell = (tag: string) => {
    for (const service of ["postgres", "redis"]) {
      expect(world.live(`staging/${service}`)).toMatchObject({ deployed: true, env: { TAG: tag } });
    }
    expect(locks()).toEqual([]);
    expect(engines()).toEqual([]);
  };

  test("of the runner during an update: started again, the run ends well without a hand", async () => {
    const { id, isDeploying } = await begin("v1.0.2");
    await until("postgres is being deployed", 60_000, isDeploying);
    await world.runner.kill();
    world.script("staging/postgres", null);
    await world.restart();
    expect(await ended(id)).toMatchObject({ state: "succeeded", attempts: 2 });
    expectWell("v1.0.2");
  }, 240_000);

  test("of the runner and its engine at once: the lock they left is removed, and nobody else's", async () => {
    const before = state();
    const { id, isDeploying } = await begin("v1.0.3");
    await until("postgres is being deployed", 60_000, isDeploying);
    expect(state()).toBe(before);
    const victims = engines();
    const signal = (name: "SIGSTOP" | "SIGKILL") => {
      for (const pid of victims) {
        try {
          process.kill(pid, name);
        } catch {}
      }
    };
    // An engine that sees the runner go ends by itself, and takes its lock along.
    signal("SIGSTOP");
    await world.runner.kill();
    signal("SIGKILL");
    expect(locks().length).toBe(1);
    // As a runner of the release before would have left it.
    const journal = join(world.folder, "data/state/.pulumi/journals/dockmaster/staging.jsonl");
    mkdirSync(dirname(journal), { recursive: true });
    cpSync(new URL("../../../fixtures/old-journal.jsonl", import.meta.url), journal);
    world.script("staging/postgres", null);
    await world.restart();
    expect(await ended(id)).toMatchObject({ state: "succeeded", attempts: 2 });
    expect(world.logged()).toContain('"msg":"stack lock removed"');
    expect(world.logged()).toContain('"msg":"journal of an older release set aside"');
    expect(existsSync(journal)).toBe(false);
    expectWell("v1.0.3");
  }, 240_000);

  test("of the engine alone: the runner mends and goes on", async () => {
    const { id, isDeploying } = await begin("v1.0.4");
    await until("postgres is being deployed", 60_000, isDeploying);
    world.script("staging/postgres", null);
    for (const pid of engines()) {
      if (readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("pulumi\0")) process.kill(pid, "SIGKILL");
    }
    expect(await ended(id)).toMatchObject({ state: "succeeded" });
    expectWell("v1.0.4");
  }, 240_000);

  test("of the runner right after the answer: the request is not lost", async () => {
    world.script("staging/postgres", null);
    world.origin.release("v1.0.5", {
      "env.json": JSON.stringify({ postgres: { TAG: "v1.0.5" }, redis: { TAG: "v1.0.5" } }),
    });
    const { body } = await world.deploy("staging", "v1.0.5", {}, { waitSeconds: 0 });
    await world.runner.kill();
    await world.restart();
    expect(await ended(body.run)).toMatchObject({ state: "succeeded" });
    expectWell("v1.0.5");
  }, 240_000);
});
