import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, connect, OWNER } from "../../contract/dokploy/fixture.ts";
import { type Engine, NO_DRIFT, openEngine, UP } from "./engine.ts";

describe("a compose that somebody made by hand, with the real engine", { timeout: 240_000 }, () => {
  let emulator: Emulator;
  let engine: Engine;
  const says = (adopt: boolean, services = ["web"]) =>
    engine.says({
      environment: { project: "platform", name: "staging" },
      owner: OWNER,
      services: services.map((name) => ({
        name,
        composeFile: composeFile(name),
        secrets: { PASSWORD: "canary-wanted" },
        adopt,
      })),
    });

  beforeAll(async () => {
    emulator = await startEmulator();
    engine = await openEngine(emulator);
    says(false, []);
    await engine.run(UP);
    const dokploy = connect(emulator);
    const [project] = await dokploy.projects();
    const environmentId = project?.environments.find(({ name }) => name === "staging")?.environmentId ?? "";
    const file = composeFile("web", "by-hand:1");
    const { composeId } = await dokploy.createCompose({
      name: "web",
      environmentId,
      appName: "web",
      description: "",
      composeFile: file,
    });
    await dokploy.updateCompose(composeId, { env: "PASSWORD=canary-by-hand\nOLD=1", sourceType: "raw" });
    await dokploy.close();
  });
  afterAll(async () => {
    engine.close();
    await emulator.close();
  });

  it("is refused", async () => {
    says(false);
    const { ok, text } = await engine.run(UP);
    expect([ok, text]).toEqual([false, expect.stringContaining("config_invalid: Dokploy already has a compose web")]);
  });

  it("is taken over on request, after a preview that names what changes", async () => {
    says(true);
    const { ok, text } = await engine.run(["preview"]);
    expect([ok, text]).toEqual([
      true,
      expect.stringMatching(
        /web: takes over compose web \(.+\), changes composeFile, env\.OLD, env\.PASSWORD, .*settings\.command.* and deploys it/,
      ),
    ]);
    expect(await engine.run(UP)).toMatchObject({ ok: true });
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });
    expect(await engine.traces()).not.toContain("canary");
  });
});
