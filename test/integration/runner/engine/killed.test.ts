import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";
import { processesOf } from "./apart.ts";

const SLOW = 60_000;

describe("SIGKILL", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({}, { apart: true });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
  }, 120_000);
  afterAll(() => harness.stop());

  const locks = () => {
    const folder = join(harness.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  };
  const state = () => readFileSync(join(harness.folder, "data/state/.pulumi/stacks/dockmaster/staging.json"), "utf8");
  const engines = () => processesOf(harness.folder, [harness.runner.pid]);
  const ended = (id: unknown) =>
    until("the run ends", 120_000, async () => {
      const { body } = await harness.send("GET", `/runs/${id}`);
      return body.finished_at === null ? undefined : body;
    });
  /** Accepts a release that changes both services, of which postgres takes for ever. */
  const begin = async (tag: string) => {
    harness.origin.release(tag, { "env.json": JSON.stringify({ postgres: { TAG: tag }, redis: { TAG: tag } }) });
    harness.script("staging/postgres", { delayMs: SLOW });
    const before = harness.actions().length;
    const { body } = await harness.deploy("staging", tag, {}, { waitSeconds: 0 });
    return {
      id: body.run,
      isDeploying: () =>
        harness
          .actions()
          .slice(before)
          .some(({ id }) => id === "staging/postgres"),
    };
  };
  const expectWell = (tag: string) => {
    for (const service of ["postgres", "redis"]) {
      expect(harness.live(`staging/${service}`)).toMatchObject({ deployed: true, env: { TAG: tag } });
    }
    expect(locks()).toEqual([]);
    expect(engines()).toEqual([]);
  };

  test("of the runner during an update: started again, the run ends well without a hand", async () => {
    const { id, isDeploying } = await begin("v1.0.2");
    await until("postgres is being deployed", 60_000, isDeploying);
    await harness.runner.kill();
    harness.script("staging/postgres", null);
    await harness.restart();
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
    await harness.runner.kill();
    signal("SIGKILL");
    expect(locks().length).toBe(1);
    // As a runner of the release before would have left it.
    const journal = join(harness.folder, "data/state/.pulumi/journals/dockmaster/staging.jsonl");
    mkdirSync(dirname(journal), { recursive: true });
    cpSync(new URL("../../../fixtures/old-journal.jsonl", import.meta.url), journal);
    harness.script("staging/postgres", null);
    await harness.restart();
    expect(await ended(id)).toMatchObject({ state: "succeeded", attempts: 2 });
    expect(harness.logged()).toContain('"msg":"stack lock removed"');
    expect(harness.logged()).toContain('"msg":"journal of an older release set aside"');
    expect(existsSync(journal)).toBe(false);
    expectWell("v1.0.3");
  }, 240_000);

  test("of the engine alone: the runner fixes and goes on", async () => {
    const { id, isDeploying } = await begin("v1.0.4");
    await until("postgres is being deployed", 60_000, isDeploying);
    harness.script("staging/postgres", null);
    for (const pid of engines()) {
      if (readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("pulumi\0")) process.kill(pid, "SIGKILL");
    }
    expect(await ended(id)).toMatchObject({ state: "succeeded" });
    expectWell("v1.0.4");
  }, 240_000);

  test("of the runner right after the answer: the request is not lost", async () => {
    harness.script("staging/postgres", null);
    harness.origin.release("v1.0.5", {
      "env.json": JSON.stringify({ postgres: { TAG: "v1.0.5" }, redis: { TAG: "v1.0.5" } }),
    });
    const { body } = await harness.deploy("staging", "v1.0.5", {}, { waitSeconds: 0 });
    await harness.runner.kill();
    await harness.restart();
    expect(await ended(body.run)).toMatchObject({ state: "succeeded" });
    expectWell("v1.0.5");
  }, 240_000);
});
