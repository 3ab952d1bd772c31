import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ComposeRow } from "../../../emulator/state/records.ts";
import { composeFile, contextTo, type Fixture, openFixture } from "./fixture.ts";

describe("what somebody changes by hand", () => {
  let fixture: Fixture;
  const domain = { host: "web.example.org", service: "web", port: 80 };
  const web = {
    name: "web",
    composeFile: composeFile("web"),
    env: { PASSWORD: "a-secret-value", EXTRA: "1" },
    domains: [domain],
  };
  const other = { name: "other", composeFile: composeFile("other") };
  const up = () => fixture.engine.up(fixture.context, { services: [web, other] });
  const id = () => fixture.engine.outputs("web").composeId;
  const edit = (patch: Partial<ComposeRow>) => async () => void fixture.emulator.control.edit(id(), patch);
  const domainId = async () => (await fixture.live("web")).domains[0]?.domainId ?? "";
  const post = (procedure: string, body: object) =>
    fetch(`${fixture.emulator.url}/api/${procedure}`, {
      method: "POST",
      headers: { "x-api-key": fixture.emulator.apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await up();
  });

  const edits: [what: string, change: () => Promise<unknown>, drift: string[], deploys: boolean][] = [
    ["an env value", edit({ env: "EXTRA=2\nPASSWORD=a-secret-value" }), ["env.EXTRA"], true],
    ["a secret", edit({ env: "EXTRA=1\nPASSWORD=hacked-secret" }), ["env.PASSWORD"], true],
    ["an env value that is taken away", edit({ env: "PASSWORD=a-secret-value" }), ["env.EXTRA"], true],
    ["an env value that is added", edit({ env: "EXTRA=1\nPASSWORD=a-secret-value\nNEW=by-hand" }), ["env.NEW"], true],
    ["the compose text", edit({ composeFile: composeFile("web", "web:2") }), ["composeFile"], true],
    ["the name", edit({ name: "mine" }), ["name"], false],
    ["the description", edit({ description: "mine" }), ["owner"], false],
    ["autoDeploy", edit({ autoDeploy: true }), ["settings.autoDeploy"], false],
    ["the command", edit({ command: "compose up" }), ["settings.command"], true],
    ["createEnvFile", edit({ createEnvFile: false }), ["settings.createEnvFile"], true],
    ["isolated deployment", edit({ isolatedDeployment: true }), ["settings.isolatedDeployment"], true],
    ["the source", edit({ sourceType: "github" }), ["settings.sourceType"], true],
    [
      "a route's port",
      async () => post("domain.update", { domainId: await domainId(), host: domain.host, port: 81 }),
      ["domains.web.example.org/"],
      true,
    ],
    [
      "a route that is switched off",
      async () => post("domain.toggleEnable", { domainId: await domainId() }),
      ["domains.web.example.org/"],
      true,
    ],
    [
      "a route that is deleted",
      async () => fixture.dokploy.deleteDomain(await domainId()),
      ["domains.web.example.org/"],
      true,
    ],
    [
      "a deployment by hand",
      async () => {
        await fixture.dokploy.deploy(id(), "Manual deployment", "");
        await fixture.emulator.control.idle();
      },
      ["deployed: the last deployment was not ours"],
      true,
    ],
    [
      "a deployment that was cut off",
      async () => {
        fixture.emulator.control.addFault({ kind: "stuck", service: "web" });
        await fixture.dokploy.deploy(id(), "x", "");
        await fixture.emulator.control.restart();
      },
      ["deployed: the last deployment was not ours"],
      true,
    ],
    [
      "containers that are stopped",
      () => post("compose.stop", { composeId: id() }),
      ["deployed: platform-web: exited (0)"],
      true,
    ],
  ];

  it.each(edits)("is seen and named: %s", async (_, change, drift, deploys) => {
    await change();
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).not.toEqual([]);
    await fixture.engine.refresh(fixture.context);
    expect(fixture.engine.outputs("web").drift.map((line) => line.replace(/exited \(\d+\)/, "exited (0)"))).toEqual(
      drift,
    );

    const requests = await fixture.requests(async () =>
      expect(await up()).toEqual({ web: { op: "update" }, other: { op: "same" } }),
    );
    expect("compose.deploy" in requests).toBe(deploys);
    expect(fixture.engine.outputs("web")).toMatchObject({ drift: [], deployed: true });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    expect((await fixture.live("web")).name).toBe("web");
  });

  it.each([
    ["null env for an empty one", "other", { env: null }],
    ["other line ends", "web", { composeFile: web.composeFile.replaceAll("\n", "\r\n") }],
    ["another order and quoting of env", "web", { env: 'PASSWORD="a-secret-value"\r\n# a comment\nEXTRA=1' }],
  ])("is no change when only Dokploy's way of writing differs: %s", async (_, name, patch) => {
    fixture.emulator.control.edit(fixture.engine.outputs(name).composeId, patch);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("is not that no container is listed, which Dokploy also answers when Docker does not, unless it stays so", async () => {
    const listing = (empty: number) => {
      let asked = 0;
      const containers = async (appName: string) => (asked++ < empty ? [] : fixture.dokploy.containers(appName));
      // Where the list of all says nothing of it, the service itself is asked for.
      const allContainers = async () => [];
      return { context: contextTo({ ...fixture.dokploy, containers, allContainers }), asked: () => asked };
    };
    await fixture.engine.up(fixture.context, { services: [web] });
    const once = listing(1);
    expect(await fixture.engine.refresh(once.context, { preview: true })).toEqual([]);
    expect(once.asked()).toBe(2);
    const always = listing(Number.POSITIVE_INFINITY);
    await fixture.engine.refresh(always.context);
    expect(always.asked()).toBe(2);
    expect(fixture.engine.outputs("web").drift).toEqual(["deployed: Dokploy lists no container"]);
  });

  it("is a fingerprint when it is an env value that the program does not know", async () => {
    await edit({ env: "EXTRA=1\nPASSWORD=a-secret-value\nNEW=canary-by-hand" })();
    await fixture.engine.refresh(fixture.context);
    expect(fixture.engine.outputs("web").env.NEW).toMatch(/^\(set by hand, [0-9a-f]{12}\)$/);
    expect(fixture.engine.snapshot()).not.toContain("canary-by-hand");
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("stays a fingerprint when a declared secret was taken away and set again", async () => {
    await edit({ env: "EXTRA=1" })();
    await fixture.engine.refresh(fixture.context);
    await edit({ env: "EXTRA=1\nPASSWORD=canary-by-hand" })();
    await fixture.engine.refresh(fixture.context);
    expect(fixture.engine.snapshot()).not.toContain("canary-by-hand");
  });

  it("is made again when it was the whole service, with the same env", async () => {
    await fixture.dokploy.deleteCompose(id());
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual(["web is gone"]);
    expect(await up()).toEqual({ web: { op: "create" }, other: { op: "same" } });
    expect((await fixture.live("web")).env).toContain("PASSWORD=a-secret-value");
  });

  it("comes back when it was moved to another environment", async () => {
    const { projectId, environmentId } = fixture.engine.environment() ?? { projectId: "", environmentId: "" };
    const elsewhere = await fixture.dokploy.createEnvironment({ name: "elsewhere", projectId, description: "" });
    await fixture.dokploy.moveCompose(id(), elsewhere.environmentId);
    expect(await up()).toMatchObject({ web: { op: "update" } });
    expect((await fixture.live("web")).environmentId).toBe(environmentId);
  });
});
