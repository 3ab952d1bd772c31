import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, OWNER } from "../../contract/dokploy/fixture.ts";
import { DESTROY, type Engine, NO_DRIFT, openEngine, type SaidService, UP, UP_REFRESH } from "./engine.ts";

const SECRET = "canary-of-a-secret";

describe("a failed deployment, with the real engine", { timeout: 240_000 }, () => {
  let emulator: Emulator;
  let engine: Engine;

  const says = (patch: Partial<SaidService> = {}) =>
    engine.says({
      environment: { project: "platform", name: "staging" },
      owner: OWNER,
      services: [
        { name: "web", composeFile: composeFile("web"), secrets: { PASSWORD: SECRET }, waitTimeout: 5, ...patch },
        { name: "other", composeFile: composeFile("other") },
      ],
    });
  const fail = () =>
    emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["first line", `no space left: ${SECRET}`] });

  beforeEach(async () => {
    emulator = await startEmulator();
    engine = await openEngine(emulator);
    says();
  });
  afterEach(async () => {
    engine.close();
    await emulator.close();
  });

  it("of a new service is told with its log, and everything goes on from there", async () => {
    fail();
    const { ok, text } = await engine.run(UP_REFRESH);
    expect(ok).toBe(false);
    expect(text).toMatch(
      /\* deployment_failed: the deployment of web failed \(.+\)\n.*first line\n.*no space left: \*\*\*/s,
    );
    expect((await engine.state()).map(({ urn }) => urn.split("::").at(-1))).toEqual(
      expect.arrayContaining(["web", "other"]),
    );

    expect(await engine.run(["refresh", "--yes", "--skip-preview"])).toMatchObject({ ok: true });
    // What is not well stays visible, whoever looks and however often.
    expect(await engine.run(NO_DRIFT)).toMatchObject({
      ok: false,
      text: expect.stringMatching(/~ 1 to update\s+3 unchanged/),
    });
    expect(await engine.run(["preview"])).toMatchObject({ ok: true, text: expect.stringMatching(/~ 1 to update/) });
    expect(await engine.run(UP_REFRESH)).toMatchObject({
      ok: true,
      text: expect.stringMatching(/~ 1 updated\s+3 unchanged/),
    });
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true, text: expect.stringMatching(/4 unchanged/) });
    expect((await engine.traces()).includes(SECRET)).toBe(false);
  });

  it("of a new service can be destroyed at once", async () => {
    fail();
    expect(await engine.run(UP)).toMatchObject({ ok: false });
    expect(await engine.run(DESTROY)).toMatchObject({ ok: true });
    expect(await engine.state()).toEqual([]);
  });

  it("of a change is tried again, by a plain update as well as after a refresh", async () => {
    await engine.run(UP);
    says({ composeFile: composeFile("web", "web:2") });
    fail();
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: false });
    fail();
    expect(await engine.run(UP)).toMatchObject({ ok: false });
    expect(await engine.run(UP_REFRESH)).toMatchObject({
      ok: true,
      text: expect.stringMatching(/~ 1 updated\s+3 unchanged/),
    });
  });

  it("is none when only Dokploy's answers were lost", async () => {
    for (const procedure of [
      "project.create",
      "environment.create",
      "compose.create",
      "compose.update",
      "compose.deploy",
    ]) {
      emulator.control.addFault({ kind: "drop-after", procedure });
    }
    expect(await engine.run(UP)).toMatchObject({ ok: true });
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });
  });

  it("is told before anything is sent when the connection is not configured, with both ways to do it", async () => {
    const { ok, text } = await engine.run(UP, { DOKPLOY_API_KEY: "" });
    expect([ok, text]).toEqual([
      false,
      expect.stringContaining(
        "config_invalid: DOKPLOY_API_KEY is not set (set DOKPLOY_API_KEY in the environment, or run: pulumi config set --secret dokploy:apiKey <value>)",
      ),
    ]);
    expect(emulator.control.statistics().requests).toBe(0);
  });

  it("is none when the connection comes from the stack's configuration, also in a refresh", async () => {
    const bare = { DOKPLOY_URL: "", DOKPLOY_API_KEY: "" };
    await engine.configure("dokploy:url", emulator.url);
    await engine.configure("dokploy:apiKey", emulator.apiKey, "--secret");
    expect(await engine.run(UP, bare)).toMatchObject({ ok: true });
    expect(await engine.run(NO_DRIFT, bare)).toMatchObject({ ok: true });
    expect((await engine.traces()).includes(emulator.apiKey)).toBe(false);
  });
});
