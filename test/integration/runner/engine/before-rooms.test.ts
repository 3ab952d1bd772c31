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
  /** Ids of the services' own containers. */
  const containers = async (): Promise<string[]> => {
    const headers = { "x-api-key": dokploy.apiKey };
    const rows = (await (await fetch(new URL("/api/docker.getContainers", dokploy.url), { headers })).json()) as {
      name: string;
      containerId: string;
    }[];
    const own = rows.filter(({ name }) => /^platform-(postgres|redis)-staging$/.test(name));
    return own.map(({ name, containerId }) => `${name} ${containerId}`).sort();
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

  // What came after adds a check to each service, and takes nothing else in hand.
  test("goes on with what came after, which deploys the checks and leaves the services' containers alone", async () => {
    const before = await containers();
    expect(before).toHaveLength(2);
    release("v1.0.2", currentPlatform);
    const asked = { env: "staging", tag: "v1.0.2", triggered_by: "test" };
    const { body: preview } = await harness.send("POST", "/preview", asked, { form: "v2", waitSeconds: 600 });
    const reason = "changed: composeFile, stages";
    const reasons = { postgres: reason, redis: reason };
    expect(preview).toMatchObject({ status: "success", changed_services: ["postgres", "redis"], reasons });
    const { body } = await harness.deploy("staging", "v1.0.2");
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"], reasons });
    expect(await deployments()).toBe(4);
    expect(await containers()).toEqual(before);
    const { body: again } = await harness.deploy("staging", "v1.0.2");
    expect(again).toMatchObject({ status: "success", changed_services: [] });
    expect(await deployments()).toBe(4);
  }, 240_000);

  test("previews and deploys on state that a later one wrote", async () => {
    const [postgres] = await containers();
    release("v1.0.3", platformBeforeRooms, slower);
    const asked = { env: "staging", tag: "v1.0.3", triggered_by: "test" };
    const { body: preview } = await harness.send("POST", "/preview", asked, { form: "v2", waitSeconds: 600 });
    expect(preview).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    const { body } = await harness.deploy("staging", "v1.0.3");
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    expect(await deployments()).toBe(6);
    expect((await containers())[0]).toBe(postgres);
  }, 240_000);

  test("is gone back to", async () => {
    release("v1.0.4", currentPlatform, slower);
    const { body: forward } = await harness.deploy("staging", "v1.0.4");
    expect(forward).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    const [postgres] = await containers();
    const { body } = await harness.deploy("staging", "v1.0.1", { rollback: true }, { form: "v2" });
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    expect(await deployments()).toBe(10);
    expect((await containers())[0]).toBe(postgres);
  }, 240_000);
});
