import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";

// One story: each request finds what the one before it left.
describe("a stack on which nothing is to do", { timeout: 300_000 }, () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
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
  const drift = (more: object = {}) => harness.send("POST", "/drift", { env: "staging", ...more }, long);

  test("a look answers a deploy, a sync and a drift check as an engine does", async () => {
    const looked = await harness.deploy("staging", "v1.0.1");
    console.log(
      JSON.stringify(looked.body),
      harness
        .logged()
        .split("\n")
        .filter((l) => l.includes("look.")),
    );
    expect(looked.body).toMatchObject({ status: "success", by: "look", changed_services: [] });
    const engine = await harness.deploy("staging", "v1.0.1", { full: true }, v2);
    expect(engine.body).toMatchObject({ status: "success", by: "engine" });
    const same = ({ run: _, timestamp: __, by: ___, ...rest }: Record<string, unknown>) => rest;
    expect(same(looked.body)).toEqual(same(engine.body));
    const sync = await harness.send("POST", "/sync", { env: "staging", all: true }, long);
    expect(sync.body).toMatchObject({ status: "success", by: "look", unchanged_services: ["redis"] });
    expect((await drift()).body).toMatchObject({ status: "success", by: "look", drift: false });
  });
});
