import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { observeService, routesIn } from "../../../../components/dokploy/rules/observe.ts";
import { placeFrom } from "../../../../components/look/connections.ts";
import type { LeftBehind, LeftResource } from "../../../../components/look/left.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

type Left = Extract<LeftResource, { type: "service" }>;

// What a mistake of ours in a look would come to: the record calls "as left" what an engine calls drift.
describe("a look that an engine finds wrong", { timeout: 300_000 }, () => {
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  let hook: Server;
  const notices: Record<string, unknown>[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: folder });
    hook = createServer(async (request, response) => {
      notices.push(JSON.parse(await text(request)) as Record<string, unknown>);
      response.end();
    });
    await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
    const access = {
      DOKPLOY_URL: dokploy.url,
      DOKPLOY_API_KEY: dokploy.apiKey,
      NOTIFY_WEBHOOK: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
      API_TOKEN: "token-of-the-tests-of-at-least-32-characters",
    };
    harness = await startHarness(access, { program: platformProgram(["redis"]) });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success", by: "engine" });
  }, 240_000);
  afterAll(async () => {
    await harness?.stop();
    await dokploy?.close();
    hook?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const long = { waitSeconds: 600 };
  const drift = async (full: boolean) => (await harness.send("POST", "/drift", { env: "staging", full }, long)).body;
  /** Changes what is kept; undefined: nothing is. */
  const change = async (to: (left: LeftBehind) => void | Promise<void>) => {
    const database = new DatabaseSync(join(harness.folder, "data", "dockmaster.db"));
    try {
      const row = database.prepare("SELECT record FROM left_behind WHERE stack = 'staging'").get();
      if (!row) return undefined;
      const record = JSON.parse(String(row.record)) as { left: LeftBehind };
      await to(record.left);
      database.prepare("UPDATE left_behind SET record = ? WHERE stack = 'staging'").run(JSON.stringify(record));
      return record;
    } finally {
      database.close();
    }
  };
  const service = ({ resources }: LeftBehind) => resources.find(({ type }) => type === "service") as Left;
  const contradictions = async () => {
    const headers = { authorization: `Bearer ${harness.env.API_TOKEN}` };
    const all = await (await fetch(`${harness.runner.url}/metrics`, { headers })).text();
    return /^dockmaster_look_contradictions_total\{.*env="staging".*\} (\d+)/m.exec(all)?.[1];
  };

  test("is logged, counted and told, and no look answers there until the next update", async () => {
    await change(async (left) => {
      const redis = service(left);
      dokploy.control.edit(redis.composeId, { env: "REDIS_ARGS=--by-hand" });
      const { dokploy: client, key } = placeFrom(harness.env);
      redis.parts = observeService(await client.compose(redis.composeId), key, routesIn(redis.parts));
    });
    expect(await drift(false)).toMatchObject({ by: "look", drift: false });
    expect(harness.logged()).not.toContain("look.contradicted");

    expect(await drift(true)).toMatchObject({ by: "engine", drift: true, drifted_services: ["redis"] });
    const line =
      harness
        .logged()
        .split("\n")
        .find((each) => each.includes("look.contradicted")) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({ level: 50, services: ["redis"] });
    expect(await contradictions()).toBe("1");
    await until("it is told", 30_000, async () => notices.some((each) => JSON.stringify(each).includes("look_wrong")));
    expect(await change(() => {})).toBeUndefined();

    expect(await drift(false)).toMatchObject({ by: "engine", drift: true });
    const fixed = await harness.deploy("staging", "v1.0.1", {}, { form: "v2" });
    expect(fixed.body).toMatchObject({ by: "engine", changed_services: ["redis"] });
    expect(await drift(false)).toMatchObject({ by: "look", drift: false });
    expect(await contradictions()).toBe("1");
  });

  test("a full check that finds what a look finds too is no contradiction", async () => {
    await change((left) => void dokploy.control.edit(service(left).composeId, { env: "REDIS_ARGS=--again" }));
    expect(await drift(true)).toMatchObject({ by: "engine", drift: true });
    expect(await contradictions()).toBe("1");
    expect(await change(() => {})).toBeDefined();
  });
});
