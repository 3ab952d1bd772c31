import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Dokploy } from "../../../../components/dokploy/api/client.ts";
import { DokployError, type DokployErrorKind } from "../../../../components/dokploy/api/errors.ts";
import { composeFile, connect, contextTo, type Fixture, openFixture } from "../fixture.ts";

describe("a key that does not see everything", () => {
  let fixture: Fixture;
  let member: Dokploy;
  const web = { name: "web", composeFile: composeFile("web") };
  const said = { services: [web] };
  const refused = "the API key's user has the role member in Dokploy, which sees only what is shared with it";

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    const apiKey = fixture.emulator.control.createApiKey({ role: "member", rateLimitEnabled: false });
    member = connect({ url: fixture.emulator.url, apiKey });
    return () => member.close();
  });

  const writes = (requests: Record<string, number>) =>
    Object.keys(requests).filter((name) => /create|update|remove|delete|deploy$/.test(name));

  it("makes nothing", async () => {
    const requests = await fixture.requests(async () => {
      await expect(fixture.engine.up(contextTo(member), said)).rejects.toThrow(
        `dokploy_auth: ${refused} (use a key of an owner or admin)`,
      );
    });
    expect(writes(requests)).toEqual([]);
  });

  it("changes and removes nothing that an owner's key made, although it sees the services", async () => {
    await fixture.engine.up(fixture.context, said);
    const sharing = contextTo({ ...fixture.dokploy, role: member.role });
    const requests = await fixture.requests(async () => {
      const changed = { ...web, env: { A: "1" } };
      const result = await fixture.engine.up(sharing, { services: [changed, { ...web, name: "new" }] });
      expect([result.web?.reason, result.new?.reason]).toEqual(Array(2).fill(expect.stringContaining(refused)));
    });
    expect(writes(requests)).toEqual([]);
    await fixture.engine.up(fixture.context, { services: [] });
    await expect(fixture.engine.destroy(sharing)).rejects.toThrow(refused);
    expect(await fixture.dokploy.projects()).toHaveLength(1);
  });

  it("is looked up once", async () => {
    const services = ["a", "b", "c"].map((name) => ({ name, composeFile: composeFile(name) }));
    const context = contextTo(connect(fixture.emulator));
    const requests = await fixture.requests(() => fixture.engine.up(context, { services }));
    expect(requests["user.get"]).toBe(1);
    context.dokploy.close();
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ["says no role", async () => undefined],
    ...(["unknown", "not-found", "permission"] as DokployErrorKind[]).map(
      (kind) => [`answers ${kind}`, () => Promise.reject(new DokployError(kind, "no", "none"))] as const,
    ),
    ["says admin", async () => "admin"],
  ] as [string, () => Promise<string | undefined>][])("is not suspected when the server %s", async (_, role) => {
    expect(await fixture.engine.up(contextTo({ ...fixture.dokploy, role }), said)).toEqual({ web: { op: "create" } });
  });

  it("is not believed to do so when the server does not answer", async () => {
    const role = () => Promise.reject(new DokployError("transient", "no", "none"));
    await expect(fixture.engine.up(contextTo({ ...fixture.dokploy, role }), said)).rejects.toThrow("no (none)");
  });
});
