import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";

const DATA = "platform-redis-data-staging";
const STORE = "platform-redis-store-staging";

// One story: each request finds what the one before it left.
describe("a release that leaves the data of a container", { timeout: 300_000 }, () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness(access, { program: platformProgram(["redis"]) });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    const read = (file: string) => readFileSync(join(harness.origin.folder, file), "utf8");
    harness.origin.release("v1.0.2", {
      "components/redis/compose.yaml": read("components/redis/compose.yaml").replaceAll("data:", "store:"),
      "components/redis/index.ts": read("components/redis/index.ts").replace('data: ["data"]', 'data: ["store"]'),
    });
  }, 240_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(dokployFolder, { recursive: true, force: true });
  });

  const v2 = { form: "v2" } as const;
  const long = { waitSeconds: 600 };
  const preview = (more: object = {}) =>
    harness.send("POST", "/preview", { env: "staging", tag: "v1.0.2", ...more }, { ...v2, ...long });
  const refused = {
    status: 500,
    body: {
      status: "failed",
      cause: {
        code: "config_invalid",
        message: `redis: container platform-redis-staging has volume ${DATA} at /data and would start with volume ${STORE} there`,
        hint: expect.stringContaining(`--give-up ${DATA}`),
      },
    },
  };

  test("is refused in a preview and in a deploy", async () => {
    expect(await preview()).toMatchObject(refused);
    expect(await harness.deploy("staging", "v1.0.2")).toMatchObject(refused);
  });

  test("gives up only by a request that nobody can send again, and by a name", async () => {
    const body = { give_up: [DATA] };
    expect(await harness.deploy("staging", "v1.0.2", body)).toMatchObject({
      status: 401,
      body: { error: { code: "signature_v2_required" } },
    });
    expect(await harness.deploy("staging", "v1.0.2", { give_up: "all" }, v2)).toMatchObject({ status: 400 });
  });

  test("is refused when what is given up is not what it leaves", async () => {
    const wrong = await harness.deploy("staging", "v1.0.2", { give_up: ["platform-redis-dta-staging"] }, v2);
    expect(wrong).toMatchObject({ status: 500, body: { cause: { code: "config_invalid" } } });
    const more = await harness.deploy("staging", "v1.0.2", { give_up: [DATA, "platform-redis-dta-staging"] }, v2);
    expect(more.body.cause).toMatchObject({
      message: "no service leaves platform-redis-dta-staging, and nothing was changed",
      hint: `give up only what is left: ${DATA}`,
    });
    expect(await preview()).toMatchObject(refused);
  });

  test("goes ahead when it gives that volume up by name, which its record shows, and another request does not inherit it", async () => {
    expect((await preview({ give_up: [DATA] })).body).toMatchObject({ status: "success", changed_services: ["redis"] });
    expect(await harness.deploy("staging", "v1.0.2")).toMatchObject(refused);
    const { body } = await harness.deploy("staging", "v1.0.2", { give_up: [DATA, DATA] }, v2);
    expect(body).toMatchObject({ status: "success", changed_services: ["redis"] });
    expect((await harness.send("GET", `/runs/${body.run}`)).body).toMatchObject({ give_up: [DATA] });
    const sync = await harness.send("POST", "/sync", { env: "staging", all: true }, long);
    expect(sync.body).toMatchObject({ status: "success", changed_services: [] });
  });

  test("a rollback to before it leaves the new volume, and has to say so", async () => {
    const back = await harness.deploy("staging", "v1.0.1", { rollback: true }, v2);
    expect(back.body.cause).toMatchObject({ message: expect.stringContaining(`has volume ${STORE} at /data`) });
    const given = await harness.deploy("staging", "v1.0.1", { rollback: true, give_up: [STORE] }, v2);
    expect(given.body).toMatchObject({ status: "success", changed_services: ["redis"] });
  });
});
