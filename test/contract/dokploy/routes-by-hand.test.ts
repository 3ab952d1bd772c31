import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { diffCompose } from "../../../components/dokploy/provider.ts";
import { composeFile, type Fixture, openFixture, running } from "./fixture.ts";
import { HAND_ROUTE } from "./state/hands.ts";

// Dokploy writes every route that it lists into the containers' labels at the next deployment, whoever asked for that.
describe("a route that somebody makes in Dokploy", () => {
  let fixture: Fixture;
  const web = {
    name: "web",
    composeFile: composeFile("web"),
    domains: [{ host: "web.example.org", service: "web", port: 80 }],
  };
  const up = (patch: object = {}) => fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }] });
  const any = { routes: "any" as const };
  const outputs = () => fixture.engine.outputs("web");
  const id = () => outputs().composeId;
  const rows = async () => (await fixture.live("web")).domains;
  const hosts = async () => (await rows()).map(({ host }) => host).sort();
  const labelled = async () => (await running(fixture.containers, "platform-web")).routes;
  const make = (patch: object = {}) =>
    fixture.dokploy.createDomain(id(), {
      ...HAND_ROUTE,
      ...patch,
    });
  const domainOf = async (host: string) => (await rows()).find((row) => row.host === host)?.domainId ?? "";
  const call = (procedure: string, body: object) =>
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

  it.each<[string, object, string]>([
    ["a host", {}, "mine.example.org/"],
    ["a path of our own host", { host: "web.example.org", path: "/admin" }, "web.example.org/admin"],
    ["a path with a slash at its end", { host: "web.example.org", path: "/admin/" }, "web.example.org/admin/"],
    ["an entry point of its own", { customEntrypoint: "extra" }, "mine.example.org/"],
    ["another container of the project", { serviceName: "other" }, "mine.example.org/"],
    ["capitals", { host: "Mine.example.org" }, "mine.example.org/"],
  ])("is drift, named, and taken away by the next update: %s", async (_, patch, route) => {
    await make(patch);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).not.toEqual([]);
    await fixture.engine.refresh(fixture.context);
    expect(outputs()).toMatchObject({ drift: [`domains.${route} (made by hand)`], foreignDomains: [route] });
    const requests = await fixture.requests(async () => expect(await up()).toEqual({ web: { op: "update" } }));
    expect(requests).toMatchObject({ "domain.delete": 1, "compose.deploy": 1 });
    expect(await hosts()).toEqual(["web.example.org"]);
    expect(outputs()).toMatchObject({ drift: [], foreignDomains: [], deployed: true });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("is named and taken away when it is switched off, too: one click makes it live", async () => {
    await make();
    await call("domain.toggleEnable", { domainId: await domainOf("mine.example.org") });
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual(["domains.mine.example.org/ (made by hand)"]);
    await up();
    expect(await hosts()).toEqual(["web.example.org"]);
  });

  it("is drift as well when it is a second one for a route of ours", async () => {
    await make({ host: "web.example.org", port: 81 });
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual(["domains.web.example.org/"]);
    await up();
    expect((await rows()).map(({ host, port }) => [host, port])).toEqual([["web.example.org", 80]]);
  });

  it("leaves the containers with the update, also when a deployment by hand had made it live", async () => {
    await make();
    await fixture.dokploy.deploy(id(), "Manual deployment", "");
    await fixture.emulator.control.idle();
    expect(await labelled()).toEqual(["mine.example.org:80", "web.example.org:80"]);
    await up();
    expect(await labelled()).toEqual(["web.example.org:80"]);
  });

  it("never becomes live by an update of ours that is about something else", async () => {
    await make();
    await up({ env: { EXTRA: "2" } });
    expect(await labelled()).toEqual(["web.example.org:80"]);
  });

  it("is told in a preview, with the way to keep it", async () => {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await make();
      await fixture.engine.refresh(fixture.context);
      const { foreignDomains: _, drift: __, ...news } = outputs();
      const olds = outputs();
      expect(await diffCompose(undefined, id(), olds, news)).toEqual({ changes: true });
      expect(said.mock.calls.flat().join("\n")).toMatch(/mine\.example\.org\/ .*taken away.*platform:routes: any/);
      said.mockClear();
      await diffCompose(undefined, id(), olds, { ...news, ...any });
      expect(said).not.toHaveBeenCalled();
    } finally {
      said.mockRestore();
    }
  });

  describe("with platform:routes: any", () => {
    beforeEach(() => up(any));

    it("stays, is no drift, and is named by every look", async () => {
      await make();
      const said = vi.spyOn(console, "log").mockImplementation(() => {});
      try {
        expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
        expect(said.mock.calls.flat().join("\n")).toContain("keeps them: mine.example.org/");
      } finally {
        said.mockRestore();
      }
      expect(await up(any)).toEqual({ web: { op: "same" } });
      expect(await hosts()).toEqual(["mine.example.org", "web.example.org"]);
    });

    it("is seen when it is gone from Dokploy and still live, until a deployment takes it from the containers", async () => {
      await make();
      await up({ ...any, env: { EXTRA: "2" } });
      expect(outputs().foreignDomains).toEqual(["mine.example.org/"]);
      expect(await labelled()).toEqual(["mine.example.org:80", "web.example.org:80"]);
      await fixture.dokploy.deleteDomain(await domainOf("mine.example.org"));
      await fixture.engine.refresh(fixture.context);
      expect(outputs()).toMatchObject({
        drift: ["domains.mine.example.org/ (gone from Dokploy, and still in the labels of its containers)"],
        deployed: false,
      });
      await up({ ...any, env: { EXTRA: "2" } });
      expect(await labelled()).toEqual(["web.example.org:80"]);
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });

    it("is nothing to fix when it was never live", async () => {
      await make();
      await up(any);
      await fixture.dokploy.deleteDomain(await domainOf("mine.example.org"));
      await fixture.engine.refresh(fixture.context);
      expect(outputs()).toMatchObject({ drift: [], deployed: true });
    });

    it("is taken away once it is not wanted any more", async () => {
      await make();
      await up({ ...any, env: { EXTRA: "2" } });
      expect(await up({ env: { EXTRA: "2" } })).toEqual({ web: { op: "update" } });
      expect(await hosts()).toEqual(["web.example.org"]);
      expect(await labelled()).toEqual(["web.example.org:80"]);
    });
  });

  it("is found in the containers when the state is lost, though Dokploy has forgotten it", async () => {
    await up(any);
    await make();
    await up({ ...any, env: { EXTRA: "2" } });
    await fixture.dokploy.deleteDomain(await domainOf("mine.example.org"));
    fixture.engine.forget();
    await up({ env: { EXTRA: "2" } });
    expect(await labelled()).toEqual(["web.example.org:80"]);
  });

  it("costs an unchanged service no request", async () => {
    const requests = await fixture.requests(() => fixture.engine.refresh(fixture.context));
    expect(requests).toEqual({ "environment.one": 1, "compose.one": 1, "docker.getContainers": 1 });
  });
});
