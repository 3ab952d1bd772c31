import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../../automation/store/open.ts";
import type { KeptLeft } from "../../../../automation/store/store.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { renewKey } from "../../../renewed-key.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

// One story: each request finds what the one before it left.
describe("a stack on which nothing is to do", { timeout: 300_000 }, () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, CONCURRENCY: "1" };
    harness = await startHarness(access, { program: platformProgram(["redis"]) });
    const first = await harness.deploy("staging", "v1.0.1");
    expect(first.body).toMatchObject({ status: "success", by: "engine", changed_services: ["redis"] });
  }, 240_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(dokployFolder, { recursive: true, force: true });
  });

  const v2 = { form: "v2" } as const;
  const long = { waitSeconds: 600 };
  const deploy = async (tag: string, more: object = {}) => (await harness.deploy("staging", tag, { ...more }, v2)).body;
  const drift = async (more: object = {}) =>
    (await harness.send("POST", "/drift", { env: "staging", ...more }, long)).body;
  const lookEvent = async (run: unknown) => {
    const store = await openStore(`sqlite:${join(harness.folder, "data", "dockmaster.db")}`);
    const events = await store.events(String(run), 0, 1_000).finally(() => store.close());
    return events.map(({ data }) => data as Record<string, unknown>).find(({ name }) => name === "look");
  };
  const kept = async (): Promise<KeptLeft | undefined> => {
    const store = await openStore(`sqlite:${join(harness.folder, "data", "dockmaster.db")}`);
    return store.leftBehind("staging").finally(() => store.close());
  };
  const redis = async () => {
    const found = (await kept())?.left.resources.find(({ type }) => type === "service");
    return found?.type === "service" ? found.composeId : "";
  };
  /** What an engine of somebody else does to the state. */
  const pulumi = (words: string[], input?: string) => {
    const env = {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${join(harness.folder, "data", "state")}`,
      PULUMI_CONFIG_PASSPHRASE: harness.env.PULUMI_CONFIG_PASSPHRASE,
    };
    const all = [...words, "--stack", "staging", "--non-interactive"];
    return execFileSync("pulumi", all, { cwd: harness.origin.folder, env, encoding: "utf8", input, stdio: "pipe" });
  };

  test("a look answers a deploy, a sync and a drift check as an engine does", async () => {
    const looked = await deploy("v1.0.1");
    expect(looked).toMatchObject({ status: "success", by: "look", changed_services: [] });
    const engine = await deploy("v1.0.1", { full: true });
    expect(engine).toMatchObject({ status: "success", by: "engine" });
    const same = ({ run: _, timestamp: __, by: ___, ...rest }: Record<string, unknown>) => rest;
    expect(same(looked)).toEqual(same(engine));
    expect(await lookEvent(looked.run)).toMatchObject({ answered: true });
    expect(await lookEvent(engine.run)).toMatchObject({ answered: false, why: "an engine was asked for" });
    const sync = await harness.send("POST", "/sync", { env: "staging", all: true }, long);
    expect(sync.body).toMatchObject({ status: "success", by: "look", unchanged_services: ["redis"] });
    const [quick, thorough] = [await drift(), await drift({ full: true })];
    expect([quick, thorough]).toMatchObject([
      { status: "success", by: "look", drift: false },
      { status: "success", by: "engine", drift: false },
    ]);
    expect(same(quick)).toEqual(same(thorough));
    const [a, b] = await Promise.all([quick, thorough].map(({ run }) => harness.send("GET", `/runs/${run}`)));
    expect(a?.body.outcomes).toEqual(b?.body.outcomes);
    expect([a?.body.attempts, b?.body.attempts]).toEqual([0, 1]);
  });

  test("a release that changes what no program reads is answered by a look, and the stack has it", async () => {
    const commit = harness.origin.release("v1.0.2", { "docs/notes.md": "new words\n", "README.md": "others\n" });
    expect(await deploy("v1.0.2")).toMatchObject({ status: "success", by: "look" });
    const { body } = await harness.send("GET", "/stacks");
    expect(body.stacks).toContainEqual(expect.objectContaining({ env: "staging", tag: "v1.0.2", commit, drift: null }));
  });

  test("a release with another file in its root needs an engine, whatever it is", async () => {
    harness.origin.release("v1.0.3", { "notes.txt": "who knows who reads this\n" });
    const answer = await deploy("v1.0.3");
    expect(answer).toMatchObject({ status: "success", by: "engine", changed_services: [] });
    expect(await lookEvent(answer.run)).toMatchObject({ why: "the release has another program or configuration" });
    expect(await deploy("v1.0.3")).toMatchObject({ by: "look" });
  });

  test("what a hand changed needs an engine, which fixes it", async () => {
    const id = await redis();
    dokploy.control.edit(id, { env: "REDIS_ARGS=--by-hand" });
    expect(await drift()).toMatchObject({ by: "engine", drift: true, drifted_services: ["redis"] });
    const fixed = await deploy("v1.0.3");
    expect(fixed).toMatchObject({ status: "success", by: "engine", changed_services: ["redis"] });
    expect(await lookEvent(fixed.run)).toMatchObject({ why: expect.stringContaining("redis: env") });
    expect(await deploy("v1.0.3")).toMatchObject({ by: "look" });
  });

  test("a state that another engine wrote needs one", async () => {
    const state = pulumi(["stack", "export"]);
    pulumi(["stack", "import"], state.replace('"version": 3', '"version":  3'));
    const answer = await deploy("v1.0.3");
    expect(answer).toMatchObject({ status: "success", by: "engine", changed_services: [] });
    expect(await lookEvent(answer.run)).toMatchObject({ why: "the state was written since by somebody else" });
    expect(await drift()).toMatchObject({ by: "look" });
  });

  test("a Dokploy that does not answer is no answer: an engine tells it better", async () => {
    dokploy.control.addFault({ kind: "error", status: 500, procedure: "compose.one", times: 4 });
    const answer = await drift();
    dokploy.control.clearFaults();
    expect(await lookEvent(answer.run)).toMatchObject({ answered: false, why: expect.stringContaining("redis: ") });
  });

  test("a worker and a door that were started again still know", async () => {
    await harness.runner.stop(0);
    await harness.restart();
    expect(await deploy("v1.0.3")).toMatchObject({ by: "look" });
  });

  test("another key needs an engine, once", async () => {
    harness.env.DOKPLOY_API_KEY = await renewKey(dokploy, harness.env.DOKPLOY_API_KEY);
    const answer = await deploy("v1.0.3");
    expect(answer).toMatchObject({ status: "success", by: "engine" });
    expect(await lookEvent(answer.run)).toMatchObject({ why: expect.stringContaining("other settings") });
    expect(await deploy("v1.0.3")).toMatchObject({ by: "look" });
  });

  test("after an update of the runner an engine looks at all of it, once", async () => {
    await harness.runner.stop(0);
    await harness.restart("0.0.1-test");
    const asked = async () => {
      const { body } = await harness.send("GET", "/runs?kind=drift");
      return (body.runs as Record<string, unknown>[]).filter(({ triggered_by }) => triggered_by === "watch");
    };
    const [check] = await until("the full check ends", 60_000, async () => {
      const all = await asked();
      return all.length > 0 && all.every(({ state }) => state === "succeeded") && all;
    });
    expect(check).toMatchObject({ full: true, by: "engine" });
    expect((await kept())?.checked.version).toBe("0.0.1-test");
    await harness.runner.stop(0);
    await harness.restart("0.0.1-test");
    expect(await deploy("v1.0.3")).toMatchObject({ by: "look" });
    expect(await asked()).toHaveLength(1);
  });

  const state = async (run: unknown) => (await harness.send("GET", `/runs/${run}`)).body.state;

  test("a look waits for no engine; what it does not answer waits, and the newest counts", async () => {
    harness.origin.release("v1.1.0", { "docs/notes.md": "for production\n" });
    expect(await deploy("v1.1.0")).toMatchObject({ by: "look" });
    dokploy.control.addFault({ kind: "slow-deploy", service: "redis", ms: 120_000 });
    const production = await harness.deploy("production", "v1.1.0", {}, { ...v2, waitSeconds: 0 });
    await until("production is being updated", 60_000, async () => {
      const { body } = await harness.send("GET", `/runs/${production.body.run}`);
      return body.attempts === 1;
    });
    expect(await deploy("v1.1.0")).toMatchObject({ status: "success", by: "look" });
    expect(await drift()).toMatchObject({ status: "success", by: "look" });
    expect(await state(production.body.run)).toBe("running");

    dokploy.control.edit(await redis(), { env: "REDIS_ARGS=--by-hand" });
    const first = await harness.deploy("staging", "v1.1.0", {}, { ...v2, waitSeconds: 0 });
    await until("a look did not answer it", 30_000, async () => {
      return (await lookEvent(first.body.run)) && (await state(first.body.run)) === "queued";
    });
    harness.origin.release("v1.1.1", { "docs/notes.md": "and on\n" });
    const second = await harness.deploy("staging", "v1.1.1", {}, { ...v2, waitSeconds: 0 });
    await until("the older one is superseded", 30_000, async () => (await state(first.body.run)) === "superseded");
    expect(await state(production.body.run)).toBe("running");
    dokploy.control.clearFaults();
    await until("both end", 120_000, async () => (await state(second.body.run)) === "succeeded");
    expect(await state(production.body.run)).toBe("succeeded");
    expect((await harness.send("GET", `/runs/${second.body.run}`)).body).toMatchObject({ by: "engine" });
  });

  test("while an engine changes the stack nothing is kept, nor where it was ended", async () => {
    harness.origin.release("v1.1.2", { "notes.txt": "another program\n" });
    dokploy.control.edit(await redis(), { env: "REDIS_ARGS=--by-hand" });
    dokploy.control.addFault({ kind: "slow-deploy", service: "redis", ms: 120_000 });
    const { body } = await harness.deploy("staging", "v1.1.2", {}, { ...v2, waitSeconds: 0 });
    await until("its engine is at work", 60_000, async () => {
      return (await harness.send("GET", `/runs/${body.run}`)).body.attempts === 1;
    });
    expect(await kept()).toBeUndefined();
    await harness.send("POST", `/runs/${body.run}/cancel`, {}, v2);
    await until("it is canceled", 60_000, async () => (await state(body.run)) === "canceled");
    dokploy.control.clearFaults();
    expect(await kept()).toBeUndefined();
    expect(await deploy("v1.1.2")).toMatchObject({ status: "success", by: "engine" });
    expect(await deploy("v1.1.2")).toMatchObject({ by: "look" });
  });
});
