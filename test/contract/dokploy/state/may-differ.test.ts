import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkCompose, diffCompose } from "../../../../components/dokploy/provider.ts";
import { composeFile, type Fixture, openFixture, running } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";
import { domain, hands, web } from "./hands.ts";

describe("a part that may differ", () => {
  let fixture: Fixture;
  const hand = hands(() => fixture);
  const { up, outputs, live, edit, post, domainId, makeRoute, told, parts } = hand;

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(() => hand.forget());

  const changes: [part: string, ignore: string[], change: () => Promise<unknown>][] = [
    ["env.EXTRA", ["env.EXTRA"], edit({ env: "EXTRA=by-hand\nPASSWORD=a-secret-value" })],
    ["env.EXTRA", ["env"], edit({ env: "PASSWORD=a-secret-value" })],
    ["env.NEW", ["env.NEW"], edit({ env: "EXTRA=1\nNEW=canary-by-hand\nPASSWORD=a-secret-value" })],
    ["env.NEW", ["env"], edit({ env: 'EXTRA=1\nNEW="a\\r#b"\nPASSWORD=a-secret-value' })],
    ["env.PASSWORD", ["env.PASSWORD"], edit({ env: "EXTRA=1\nPASSWORD=canary-by-hand" })],
    ["composeFile", ["composeFile"], edit({ composeFile: composeFile("web", "web:by-hand") })],
    [
      "composeFile",
      ["composeFile"],
      edit({
        composeFile: composeFile("web").replace("volumes:\n  data:", "  more:\n    image: more:1\nvolumes:\n  data:"),
      }),
    ],
    ["name", ["name"], edit({ name: "mine" })],
    ["settings.autoDeploy", ["settings.autoDeploy"], edit({ autoDeploy: true })],
    ["settings.command", ["settings"], edit({ command: "compose up -d" })],
    ["settings.createEnvFile", ["settings.createEnvFile"], edit({ createEnvFile: false })],
    ["settings.suffix", ["settings"], edit({ suffix: "mine" })],
    [
      "domains.web.example.org/",
      ["domains.web.example.org/"],
      async () => post("domain.update", { domainId: await domainId(), host: domain.host, port: 81 }),
    ],
    ["domains.web.example.org/", ["domains"], async () => post("domain.toggleEnable", { domainId: await domainId() })],
    ["domains.web.example.org/", ["domains"], async () => fixture.dokploy.deleteDomain(await domainId())],
    ["domains.web.example.org/", ["domains"], () => makeRoute({ host: "web.example.org", port: 81 })],
    ["domains.mine.example.org/", ["domains.mine.example.org/"], () => makeRoute()],
    ["domains.mine.example.org/", ["domains"], () => makeRoute({ host: "Mine.example.org" })],
  ];

  describe.each(changes)("%s, by %j", (part, ignore, change) => {
    beforeEach(() => up({ ignore }));

    it("is no difference to anybody, and told", async () => {
      const before = outputs();
      await change();
      const said = await told(async () =>
        expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]),
      );
      expect(said).toContain(`web has ${part} changed by hand, and keeps it (platform:drift)`);
      await fixture.engine.refresh(fixture.context);
      expect(outputs()).toEqual(before);
      const found = await parts();
      expect(await up({ ignore })).toEqual({ web: { op: "same" } });
      expect(await parts()).toEqual(found);
      expect(fixture.engine.snapshot() + said).not.toContain("canary-by-hand");
    });

    it.each([true, false])("stays when an update changes something else, refreshed: %s", async (refresh) => {
      await change();
      const before = await parts();
      const patch =
        part === "composeFile" ? { env: { ...web.env, OTHER: "2" } } : { composeFile: composeFile("web", "web:2") };
      const requests = await fixture.requests(async () =>
        expect(await up({ ignore, ...patch }, { refresh })).toEqual({ web: { op: "update" } }),
      );
      expect(requests["compose.deploy"]).toBe(1);
      const after = await parts();
      const changed = part === "composeFile" ? "env" : "composeFile";
      expect({ ...after, [changed]: undefined }).toEqual({ ...before, [changed]: undefined });
      expect(after[changed]).not.toBe(before[changed]);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
      expect(fixture.engine.snapshot()).not.toContain("canary-by-hand");
      expect(await up({ ignore, ...patch })).toEqual({ web: { op: "same" } });
    });

    it("is put back, and that is foretold, once it may differ no more", async () => {
      const { composeId } = outputs();
      const right = await parts();
      await change();
      await fixture.engine.refresh(fixture.context);
      const said = await told(() => preview({ ignore: [] }));
      expect(said).toContain(`web: ${part} was changed by hand, and is put back`);
      expect(await up()).toEqual({ web: { op: "update" } });
      const ids = (seen: Awaited<ReturnType<typeof parts>>) => ({
        ...seen,
        domains: seen.domains.map(({ host, port, enabled }) => [host, port, enabled]),
      });
      expect(ids(await parts())).toEqual(ids(right));
      expect(outputs()).toMatchObject({ composeId, deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });

    it("that differs already is kept by the update that lets it differ, and that is foretold", async () => {
      await up();
      await change();
      const before = await parts();
      await fixture.engine.refresh(fixture.context);
      expect(outputs().drift.map((entry) => entry.replace(/ \(.*/, ""))).toEqual([part]);
      const said = await told(() => preview({ ignore }));
      expect(said).toMatch(new RegExp(`web has ${part.replace(/[./]/g, "\\$&")}[^,]* changed by hand, and keeps it`));
      expect(await up({ ignore })).toEqual({ web: { op: "update" } });
      expect(await parts()).toEqual(before);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });
  });

  it("in the containers is put back too, when a hand has put it back in Dokploy already", async () => {
    await up({ ignore: ["env.EXTRA"] });
    await edit({ env: "EXTRA=by-hand\nPASSWORD=a-secret-value" })();
    const more = { composeFile: composeFile("web", "web:2") };
    await up({ ignore: ["env.EXTRA"], ...more });
    expect((await running(fixture.containers, "platform-web")).env).toMatchObject({ EXTRA: "by-hand" });
    await edit({ env: "EXTRA=1\nPASSWORD=a-secret-value" })();
    expect(await up({ ignore: ["env.EXTRA"], ...more })).toEqual({ web: { op: "same" } });
    await up(more);
    expect((await running(fixture.containers, "platform-web")).env).toMatchObject({ EXTRA: "1" });
  });

  it("does not hide what may not differ", async () => {
    await up({ ignore: ["env.EXTRA"] });
    await edit({ env: "EXTRA=by-hand\nPASSWORD=hacked-secret", autoDeploy: true })();
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual(["env.PASSWORD", "settings.autoDeploy"]);
    expect(await up({ ignore: ["env.EXTRA"] })).toEqual({ web: { op: "update" } });
    expect(await live()).toMatchObject({ env: "EXTRA=by-hand\nPASSWORD=a-secret-value\n", autoDeploy: false });
    await post("compose.stop", { composeId: outputs().composeId });
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual([expect.stringMatching(/^deployed: platform-web: exited/)]);
  });

  it("is not told by a log either", async () => {
    await up({ ignore: ["env"] });
    await edit({ env: "EXTRA=1\nNEW=canary-by-hand\nPASSWORD=a-secret-value" })();
    const log = ["crash canary-by-hand"];
    fixture.emulator.control.addFault({ kind: "containers", service: "web", outcome: "fail", times: 1, log });
    const { web: result } = await up({ ignore: ["env"], composeFile: composeFile("web", "web:2") });
    expect(result).toMatchObject({ op: "fail", reason: expect.stringContaining("crash ***") });
    expect(result?.reason).not.toContain("canary");
  });

  it("that no longer differs is no matter", async () => {
    await up({ ignore: ["env.EXTRA"] });
    expect(await up()).toEqual({ web: { op: "update" } });
    const requests = await fixture.requests(() => up({ ignore: ["env.EXTRA"] }));
    expect(requests).not.toHaveProperty("compose.deploy");
    expect(outputs().ignore).toEqual(["env.EXTRA"]);
    await up({ ignore: [] });
    expect(outputs()).not.toHaveProperty("ignore");
  });

  it("that is none is refused before anything is sent", async () => {
    await expect(up({ ignore: ["owner", "env.1"] })).rejects.toThrow(
      /ignore: `owner` says whose.*\nignore: `1` is no name/,
    );
  });

  /** As the engine's preview asks the provider, which has heard the program. */
  async function preview(patch: Partial<SaidService>) {
    const config = { get: (name: string) => CONFIG()[name] } as never;
    const { environmentId, owner } = outputs();
    const raw = { ...web, service: "web", environmentId, owner, ...patch };
    const { inputs } = await checkCompose(config, { some: 1 }, raw);
    return diffCompose(config, outputs().composeId, outputs(), inputs as never);
  }
  const CONFIG = (): Record<string, string> => ({
    "dokploy:url": fixture.emulator.url,
    "dokploy:apiKey": fixture.emulator.apiKey,
    "platform:key": "platform-key",
  });
});
