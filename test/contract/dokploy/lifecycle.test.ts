import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseMarker } from "../../../components/dokploy/api/marker.ts";
import { composeFile, type Fixture, OWNER, openFixture } from "./fixture.ts";

describe("a service", () => {
  let fixture: Fixture;
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: "a-secret-value", EXTRA: "1" } };
  const domain = { host: "web.example.org", service: "web", port: 80 };
  const up = (patch: object = {}) => fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }] });

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
  });

  it("is made, written, deployed and found healthy", async () => {
    expect(await up({ domains: [domain] })).toEqual({ web: { op: "create" } });
    const record = await fixture.live("web");
    expect(record).toMatchObject({
      name: "web",
      composeFile: web.composeFile,
      env: "EXTRA=1\nPASSWORD=a-secret-value\n",
      autoDeploy: false,
      sourceType: "raw",
      command: `compose -p ${record.appName} -f docker-compose.yml up -d --build --remove-orphans --wait --wait-timeout 120`,
      domains: [{ host: "web.example.org", port: 80, https: true, certificateType: "letsencrypt", serviceName: "web" }],
    });
    expect(record.appName).toMatch(/^web-[a-z0-9]{6}$/);
    expect(parseMarker(record.description)).toEqual({ ...OWNER, service: "web", routes: ["web.example.org/"] });
    expect(fixture.engine.outputs("web")).toMatchObject({ deployed: true, drift: [], schemaVersion: 1 });
  });

  it("says in its deployment for which release it was made", async () => {
    await up();
    const [row] = (await fixture.live("web")).deployments;
    expect(row?.title).toMatch(/^v1\.0\.2 3f2a1c9 \[[0-9a-f]{10}\]$/);
    expect(row?.description).toContain("for v1.0.2 3f2a1c9");
  });

  it("is left alone when nothing changed, for two requests", async () => {
    await up();
    const requests = await fixture.requests(async () => expect(await up()).toEqual({ web: { op: "same" } }));
    expect(requests).toEqual({ "environment.one": 1, "compose.one": 1, "docker.getContainers": 1 });
  });

  it("shows no drift after it was made", async () => {
    await up({ domains: [domain, { ...domain, host: "b.example.org", https: false, path: "/x", stripPath: true }] });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it.each([
    ["text", { composeFile: composeFile("web", "web:2") }],
    ["env", { env: { PASSWORD: "another-secret" } }],
    ["a route", { domains: [domain] }],
    ["the wait time-out", { waitTimeout: 60 }],
  ])("is deployed again when this changed: %s", async (_, patch) => {
    await up();
    const requests = await fixture.requests(async () => expect(await up(patch)).toEqual({ web: { op: "update" } }));
    expect(requests).toMatchObject({ "compose.deploy": 1 });
    expect(await up(patch)).toEqual({ web: { op: "same" } });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it.each([
    ["checks", { checks: [{ url: "URL", attempts: 1 }] }],
    ["stages", { stages: 3 }],
  ])("is not deployed again when only this changed: %s", async (_, patch) => {
    const server = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await up();
    const said = JSON.parse(JSON.stringify(patch).replace("URL", url));
    const requests = await fixture.requests(async () => expect(await up(said)).toEqual({ web: { op: "update" } }));
    expect(requests).not.toHaveProperty("compose.deploy");
    server.close();
  });

  it("is renamed without being touched", async () => {
    const said = (name: string) => ({
      services: [{ ...web, name: "web", service: "web" }].map((s) => ({ ...s })),
      project: "platform",
      label: name,
    });
    await fixture.engine.up(fixture.context, said("web"));
    fixture.emulator.control.edit(fixture.engine.outputs("web").composeId, { name: "renamed by hand" });
    const requests = await fixture.requests(async () => expect(await up()).toEqual({ web: { op: "update" } }));
    expect(requests).not.toHaveProperty("compose.deploy");
    expect((await fixture.live("web")).name).toBe("web");
  });

  it("loses routes that the program does not name any more", async () => {
    await up({ domains: [domain, { ...domain, host: "old.example.org" }] });
    await up({ domains: [domain] });
    expect((await fixture.live("web")).domains.map(({ host }) => host)).toEqual(["web.example.org"]);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("keeps its volume and its password when it is deleted and comes back", async () => {
    await up();
    await fixture.engine.up(fixture.context, { services: [] });
    expect(fixture.engine.has("web")).toBe(false);
    expect(await up()).toEqual({ web: { op: "create" } });
    expect(await fixture.live("web")).toMatchObject({ env: "EXTRA=1\nPASSWORD=a-secret-value\n" });
  });

  it("is deleted without its volumes, whatever else happens", async () => {
    await up();
    await fixture.engine.destroy(fixture.context);
    expect(await fixture.dokploy.projects()).toEqual([]);
  });

  it.each([
    [
      "another environment",
      { name: "production" },
      /lives in Dokploy under platform\/staging, the program says platform\/production/,
    ],
    ["another project", { project: "other" }, /the program says other\/staging/],
  ])("refuses to move to %s", async (_, place2, reason) => {
    await up();
    await expect(fixture.engine.up(fixture.context, { services: [web], ...place2 })).rejects.toThrow(reason);
  });

  it("refuses a changed definition of its volume before anything is sent", async () => {
    await up();
    const changed = `${web.composeFile}    labels: [a=b]\n`;
    const requests = await fixture.requests(() =>
      expect(up({ composeFile: changed })).resolves.toMatchObject({ web: { op: "fail" } }),
    );
    expect(requests).not.toHaveProperty("compose.update");
    expect(await up()).toEqual({ web: { op: "same" } });
  });

  it("has its checks asked until they are answered", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      response.statusCode = ++asked < 3 ? 503 : 200;
      response.end();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const checks = [{ url: `http://127.0.0.1:${port}/`, attempts: 3, interval: 0.01 }];
    expect(await up({ checks })).toEqual({ web: { op: "create" } });
    expect(asked).toBe(3);
    server.close();
  });
});
