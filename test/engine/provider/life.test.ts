import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, OWNER } from "../../contract/dokploy/fixture.ts";
import { DESTROY, type Engine, NO_DRIFT, openEngine, type Said, type SaidService, UP, UP_REFRESH } from "./engine.ts";

const SECRET = "canary-of-a-secret";

// One story, told in order with the real engine: each step goes on from where the one before it ended.
describe("a platform, with the real engine", { timeout: 240_000 }, () => {
  let emulator: Emulator;
  let engine: Engine;

  const web: SaidService = {
    name: "web",
    composeFile: composeFile("web"),
    env: { EXTRA: "plain" },
    secrets: { PASSWORD: SECRET },
    domains: [{ host: "web.example.org", service: "web", port: 80 }],
    waitTimeout: 5,
  };
  const db: SaidService = { name: "db", composeFile: composeFile("db"), retain: true };
  const says = (...services: SaidService[]): Said => ({
    environment: { project: "platform", name: "staging" },
    owner: OWNER,
    services,
  });
  const idOf = async (name: string) => (await engine.state()).find(({ urn }) => urn.endsWith(`::${name}`))?.id ?? "";
  const requests = () => emulator.control.statistics().procedures;

  beforeAll(async () => {
    emulator = await startEmulator();
    engine = await openEngine(emulator);
    engine.says(says(web, db));
  });
  afterAll(async () => {
    engine.close();
    await emulator.close();
  });

  it("is previewed without a request", async () => {
    expect(await engine.run(["preview"])).toMatchObject({ ok: true, text: expect.stringMatching(/\+ 4 to create/) });
    expect(requests()).toEqual({});
  });

  it("comes up", async () => {
    expect(await engine.run(UP)).toMatchObject({ ok: true, text: expect.stringMatching(/\+ 4 created/) });
    const types = (await engine.state()).map(({ type }) => type);
    expect(types).toContain("pulumi-nodejs:dynamic/dokploy:Environment");
    expect(types).toContain("pulumi-nodejs:dynamic/dokploy:Compose");
  });

  it("shows no drift and is not touched again", async () => {
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });
    emulator.control.resetStatistics();
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true, text: expect.stringMatching(/4 unchanged/) });
    expect(requests()).toEqual({ "environment.one": 1, "compose.one": 2, "docker.getContainers": 1 });
  });

  it("shows what was changed by hand, by key, without the values of secrets", async () => {
    emulator.control.edit(await idOf("web"), {
      env: "EXTRA=by-hand\nPASSWORD=canary-by-hand-1\nNEW=canary-by-hand-2",
      composeFile: composeFile("web", "web:2"),
      autoDeploy: true,
    });
    const { ok, text } = await engine.run(NO_DRIFT);
    expect(ok).toBe(false);
    for (const key of ["composeFile", "env.EXTRA", "env.PASSWORD", "env.NEW", "settings.autoDeploy"])
      expect(text).toContain(`"${key}"`);
    expect(text).toContain(
      "web was changed by hand: composeFile, env.EXTRA, env.NEW, env.PASSWORD, settings.autoDeploy",
    );
    expect(text).toMatch(/~ EXTRA\s*: "plain" => "by-hand"/);
    expect(text).toMatch(/~ image\s*: "web:1" => "web:2"/);
    expect(text).toMatch(/~ autoDeploy\s*: false => true/);
  });

  it("is fixed, and only where it was changed", async () => {
    emulator.control.resetStatistics();
    expect(await engine.run(UP_REFRESH)).toMatchObject({
      ok: true,
      text: expect.stringMatching(/~ 1 updated\s+3 unchanged/),
    });
    expect(requests()["compose.deploy"]).toBe(1);
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });
  });

  it("gets back a service that was deleted by hand", async () => {
    const before = await idOf("web");
    await post("compose.delete", { composeId: before, deleteVolumes: false });
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: false });
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true, text: expect.stringMatching(/\+ 1 created/) });
    expect(await idOf("web")).not.toBe(before);
  });

  it("refuses to be on another server", async () => {
    const second = await startEmulator({ apiKey: emulator.apiKey });
    const before = await engine.state();
    const { ok, text } = await engine.run(UP_REFRESH, { DOKPLOY_URL: second.url });
    expect([ok, text]).toEqual([false, expect.stringContaining("config_invalid: the state is about the Dokploy at")]);
    expect(await engine.state()).toEqual(before);
    await second.close();
  });

  it.each([
    ["a refused key", { kind: "unauthorized" }, "dokploy_auth"],
    ["a gateway's page", { kind: "html" }, "dokploy_unreachable"],
    ["a server error", { kind: "error" }, "dokploy_unreachable"],
  ] as const)("fails to refresh because of %s, and nothing is made anew afterwards", async (_, fault, code) => {
    const before = await engine.state();
    emulator.control.addFault({ ...fault, procedure: "compose.one", times: "always" });
    const { ok, text } = await engine.run(UP_REFRESH);
    emulator.control.clearFaults();
    expect([ok, text]).toEqual([false, expect.stringContaining(`${code}: GET compose.one`)]);
    expect(await engine.state()).toEqual(before);
  });

  it("is as it was after those", async () => {
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true, text: expect.stringMatching(/4 unchanged/) });
  });

  it("refuses in a preview what would cost data", async () => {
    engine.says({ ...says(web, db), environment: { project: "platform", name: "other" } });
    expect(await engine.run(["preview"])).toMatchObject({ ok: false });
    engine.says(says({ ...web, composeFile: `${web.composeFile}    labels: [a=b]\n` }, db));
    const { ok, text } = await engine.run(["preview"]);
    expect([ok, text]).toEqual([
      false,
      expect.stringMatching(/config_invalid: the definition of volume platform-web-data changed/),
    ]);
    expect(text).not.toContain("replace");
  });

  it("leaves a service with data running when it is taken out, and takes it back", async () => {
    const before = await idOf("db");
    engine.says(says(web));
    expect(await engine.run(UP_REFRESH)).toMatchObject({
      ok: true,
      text: expect.stringMatching(/1 retained|- 1 deleted/),
    });
    expect(await idOf("db")).toBe("");
    engine.says(says(web, db));
    emulator.control.resetStatistics();
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true, text: expect.stringMatching(/\+ 1 created/) });
    expect(await idOf("db")).toBe(before);
    expect(requests()).not.toHaveProperty("compose.deploy");
  });

  it("ends without a trace but for what is retained", async () => {
    expect(await engine.run(DESTROY)).toMatchObject({ ok: true });
    const [project] = (await get("project.all")) as { environments: { compose: { name: string }[] }[] }[];
    expect(project?.environments.flatMap(({ compose }) => compose.map(({ name }) => name))).toEqual(["db"]);
  });

  it("has shown no secret to anybody", async () => {
    const traces = await engine.traces();
    expect(traces).toContain("web.example.org");
    for (const canary of [SECRET, "canary-by-hand", emulator.apiKey, "a-platform-key-of-the-tests"]) {
      expect(traces.includes(canary), canary.slice(0, 6)).toBe(false);
    }
  });

  const headers = () => ({ "x-api-key": emulator.apiKey, "content-type": "application/json" });
  const get = async (path: string) => (await fetch(`${emulator.url}/api/${path}`, { headers: headers() })).json();
  const post = (path: string, body: object) =>
    fetch(`${emulator.url}/api/${path}`, { method: "POST", headers: headers(), body: JSON.stringify(body) });
});
