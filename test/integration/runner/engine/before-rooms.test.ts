import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { currentPlatform, platformBeforeRooms, platformProgram } from "../origin.ts";

const REDIS = "components/redis/compose.yaml";

describe("a platform of before the rooms", () => {
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: folder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness(access, { program: platformProgram(["postgres", "redis"], platformBeforeRooms) });
  });
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const deployments = async (): Promise<number> => {
    const headers = { "x-api-key": dokploy.apiKey };
    const ask = async (path: string) => (await fetch(new URL(`/api/${path}`, dokploy.url), { headers })).json();
    const [project] = (await ask("project.all")) as { environments: { compose: { composeId: string }[] }[] }[];
    const services = project!.environments.flatMap(({ compose }) => compose);
    const lists = services.map(({ composeId }) => ask(`deployment.allByCompose?composeId=${composeId}`));
    return ((await Promise.all(lists)) as unknown[][]).flat().length;
  };
  /** Puts the tree into the next commit that a program writes. */
  const release = (tag: string, platform: typeof currentPlatform, edit: (redis: string) => string = (text) => text) => {
    for (const part of ["stacks", "components"]) rmSync(join(harness.origin.folder, part), { recursive: true });
    platform(harness.origin.folder);
    harness.origin.git("add", "--all");
    const text = harness.origin.git("show", `:${REDIS}`);
    harness.origin.release(tag, { [REDIS]: `${edit(text)}\n` });
  };
  const slower = (text: string) => text.replace("stop_grace_period: 30s", "stop_grace_period: 45s");

  test("is deployed", async () => {
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    expect(await deployments()).toBe(2);
  }, 240_000);

  test("goes on with what came after, whose preview and update change nothing", async () => {
    release("v1.0.2", currentPlatform);
    const asked = { env: "staging", tag: "v1.0.2", triggered_by: "test" };
    const { body: preview } = await harness.send("POST", "/preview", asked, { form: "v2", waitSeconds: 600 });
    expect(preview).toMatchObject({ status: "success", unchanged_services: ["postgres", "redis"] });
    const { body } = await harness.deploy("staging", "v1.0.2");
    expect(body).toMatchObject({ status: "success", changed_services: [] });
    expect(await deployments()).toBe(2);
  }, 240_000);

  test("previews and deploys on state that a later one wrote", async () => {
    release("v1.0.3", platformBeforeRooms, slower);
    const asked = { env: "staging", tag: "v1.0.3", triggered_by: "test" };
    const { body: preview } = await harness.send("POST", "/preview", asked, { form: "v2", waitSeconds: 600 });
    expect(preview).toMatchObject({ status: "success", changed_services: ["redis"] });
    const { body } = await harness.deploy("staging", "v1.0.3");
    expect(body).toMatchObject({ status: "success", changed_services: ["redis"], unchanged_services: ["postgres"] });
    expect(await deployments()).toBe(3);
  }, 240_000);

  test("is gone back to", async () => {
    release("v1.0.4", currentPlatform, slower);
    const { body: forward } = await harness.deploy("staging", "v1.0.4");
    expect(forward).toMatchObject({ status: "success", changed_services: [] });
    const { body } = await harness.deploy("staging", "v1.0.1", { rollback: true }, { form: "v2" });
    expect(body).toMatchObject({ status: "success", changed_services: ["redis"], unchanged_services: ["postgres"] });
    expect(await deployments()).toBe(4);
  }, 240_000);
});
