import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { checkCompose, diffCompose } from "../../../../components/dokploy/provider.ts";
import type { ComposeRow } from "../../../../emulator/state/records.ts";
import { composeFile, contextTo, type Fixture, openFixture, running } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";
import { killable } from "./killable.ts";

const domain = { host: "web.example.org", service: "web", port: 80 };
const web: SaidService = {
  name: "web",
  composeFile: composeFile("web"),
  env: { PASSWORD: "a-secret-value", EXTRA: "1" },
  domains: [domain],
};

describe("a part that may differ", () => {
  let fixture: Fixture;
  const up = (patch: Partial<SaidService> = {}, options = {}) =>
    fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }] }, options);
  const outputs = () => fixture.engine.outputs("web");
  const live = () => fixture.live("web");
  const edit = (patch: Partial<ComposeRow>) => async () =>
    void fixture.emulator.control.edit(outputs().composeId, patch);
  const post = (procedure: string, body: object) =>
    fetch(`${fixture.emulator.url}/api/${procedure}`, {
      method: "POST",
      headers: { "x-api-key": fixture.emulator.apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const domainId = async () => (await live()).domains[0]?.domainId ?? "";
  const makeRoute = (patch: object = {}) =>
    fixture.dokploy.createDomain(outputs().composeId, {
      host: "mine.example.org",
      path: "/",
      port: 80,
      https: false,
      certificateType: "none",
      serviceName: "web",
      internalPath: "/",
      stripPath: false,
      customEntrypoint: null,
      customCertResolver: null,
      middlewares: [],
      forwardAuthEnabled: false,
      ...patch,
    });
  /** What the engine is asked and told while `work` runs. */
  async function told(work: () => Promise<unknown>): Promise<string> {
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await work();
      return said.mock.calls.flat().join("\n");
    } finally {
      said.mockRestore();
    }
  }
  /** All of the record that a hand can change. */
  const partsOfRecord = async () => {
    const { name, composeFile, env, domains, ...columns } = await live();
    const { autoDeploy, command, createEnvFile, isolatedDeployment, sourceType, randomize, suffix } = columns;
    const settings = { autoDeploy, command, createEnvFile, isolatedDeployment, sourceType, randomize, suffix };
    const environmentId = columns.environmentId;
    return { name, composeFile, env, domains, settings, environmentId };
  };

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.emulator.control.clearFaults();
    fixture.engine.forget();
  });

  const hands: [part: string, ignore: string[], change: () => Promise<unknown>][] = [
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

  describe.each(hands)("%s, by %j", (part, ignore, change) => {
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
      const parts = await partsOfRecord();
      expect(await up({ ignore })).toEqual({ web: { op: "same" } });
      expect(await partsOfRecord()).toEqual(parts);
      expect(fixture.engine.snapshot() + said).not.toContain("canary-by-hand");
    });

    it.each([true, false])("stays when an update changes something else, refreshed: %s", async (refresh) => {
      await change();
      const before = await partsOfRecord();
      const patch =
        part === "composeFile" ? { env: { ...web.env, OTHER: "2" } } : { composeFile: composeFile("web", "web:2") };
      const requests = await fixture.requests(async () =>
        expect(await up({ ignore, ...patch }, { refresh })).toEqual({ web: { op: "update" } }),
      );
      expect(requests["compose.deploy"]).toBe(1);
      const after = await partsOfRecord();
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
      const right = await partsOfRecord();
      await change();
      await fixture.engine.refresh(fixture.context);
      const said = await told(() => preview({ ignore: [] }));
      expect(said).toContain(`web: ${part} was changed by hand, and is put back`);
      expect(await up()).toEqual({ web: { op: "update" } });
      const ids = (parts: Awaited<ReturnType<typeof partsOfRecord>>) => ({
        ...parts,
        domains: parts.domains.map(({ host, port, enabled }) => [host, port, enabled]),
      });
      expect(ids(await partsOfRecord())).toEqual(ids(right));
      expect(outputs()).toMatchObject({ composeId, deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });

    it("that differs already is kept by the update that lets it differ, and that is foretold", async () => {
      await up();
      await change();
      const before = await partsOfRecord();
      await fixture.engine.refresh(fixture.context);
      expect(outputs().drift.map((entry) => entry.replace(/ \(.*/, ""))).toEqual([part]);
      const said = await told(() => preview({ ignore }));
      expect(said).toMatch(new RegExp(`web has ${part.replace(/[./]/g, "\\$&")}[^,]* changed by hand, and keeps it`));
      expect(await up({ ignore })).toEqual({ web: { op: "update" } });
      expect(await partsOfRecord()).toEqual(before);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });
  });

  describe("that the program itself changes", () => {
    const ignore = ["env", "composeFile", "name", "settings.command", "domains"];
    const changes: [part: string, hand: () => Promise<unknown>, patch: Partial<SaidService>, live: object][] = [
      [
        "env.EXTRA",
        edit({ env: "EXTRA=by-hand\nNEW=stays\nPASSWORD=a-secret-value" }),
        { env: { ...web.env, EXTRA: "2" } },
        { env: "EXTRA=2\nNEW=stays\nPASSWORD=a-secret-value\n" },
      ],
      [
        "env.EXTRA",
        edit({ env: "EXTRA=by-hand\nPASSWORD=a-secret-value" }),
        { env: { PASSWORD: "a-secret-value" } },
        { env: "PASSWORD=a-secret-value\n" },
      ],
      [
        "composeFile",
        edit({ composeFile: composeFile("web", "web:by-hand") }),
        { composeFile: composeFile("web", "web:2") },
        { composeFile: composeFile("web", "web:2") },
      ],
      [
        "settings.command",
        edit({ command: "compose up" }),
        { waitTimeout: 77 },
        { command: expect.stringContaining("--wait-timeout 77") },
      ],
      [
        "domains.web.example.org/",
        async () => post("domain.update", { domainId: await domainId(), host: domain.host, port: 81 }),
        { domains: [{ ...domain, port: 82 }] },
        { domains: [expect.objectContaining({ host: "web.example.org", port: 82 })] },
      ],
      [
        "domains.web.example.org/",
        () => makeRoute({ host: "web.example.org", port: 81 }),
        { domains: [] },
        { domains: [] },
      ],
    ];

    it.each(changes)("is brought once, said, and then left again: %s", async (part, hand, patch, record) => {
      await up({ ignore });
      await hand();
      const said = await told(async () => expect(await up({ ignore, ...patch })).toEqual({ web: { op: "update" } }));
      expect(said).toContain(
        `web: ${part} was changed by hand, and the program changed it too: the program's is brought`,
      );
      expect(await live()).toMatchObject(record);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
      if (part.startsWith("domains") && patch.domains?.length === 0) return;
      await hand();
      const before = await partsOfRecord();
      expect(await up({ ignore, ...patch })).toEqual({ web: { op: "same" } });
      await up({ ignore, ...patch, checks: [], stages: 2 });
      expect(await partsOfRecord()).toEqual(before);
    });

    it("is brought by the update after one that failed, whatever a hand did meanwhile", async () => {
      await up({ ignore });
      fixture.emulator.control.addFault({ kind: "error", procedure: "compose.update", times: 20 });
      const patch = { env: { ...web.env, EXTRA: "2" } };
      expect(await up({ ignore, ...patch })).toMatchObject({ web: { op: "fail" } });
      fixture.emulator.control.clearFaults();
      await up({ ignore, ...patch });
      expect((await live()).env).toBe("EXTRA=2\nPASSWORD=a-secret-value\n");
      expect((await running(fixture.containers, "platform-web")).env).toMatchObject({ EXTRA: "2" });
      expect(outputs()).not.toHaveProperty("unfinished");
    });

    it.each(changes)("is never taken for a hand's where an update was cut off: %s", async (part, _hand, patch) => {
      for (let requests = 1; requests <= 16; requests++) {
        await fixture.emulator.control.reset();
        fixture.engine.forget();
        await up({ ignore });
        const right = await partsOfRecord();
        const cut = contextTo(killable(fixture.dokploy, requests, true));
        const finished = await fixture.engine.up(cut, { services: [{ ...web, ignore, ...patch }] }).then(
          () => true,
          () => false,
        );
        if (finished) break;
        await fixture.emulator.control.idle();
        const said = await told(() => fixture.engine.refresh(fixture.context));
        expect([requests, outputs().drift, said]).toEqual([requests, [], ""]);
        // Half of them go on, the others go back to what the program said before.
        const next = requests % 2 === 0 ? patch : {};
        await up({ ignore, ...next });
        expect([requests, outputs().deployed, outputs().unfinished]).toEqual([requests, true, undefined]);
        const now = await partsOfRecord();
        const bare = ({ domains, ...rest }: typeof now) => ({
          ...rest,
          domains: domains.map(({ host, port }) => [host, port]),
        });
        if (next !== patch) expect([requests, part, bare(now)]).toEqual([requests, part, bare(right)]);
        const env = (await running(fixture.containers, "platform-web")).env;
        expect(env?.EXTRA ?? "").toBe((next.env ?? web.env)?.EXTRA ?? "");
        expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
      }
    });
  });

  describe("where the state was lost", () => {
    const ignore = ["env", "domains"];
    const byHand = "EXTRA=by-hand\nNEW=by-hand\nPASSWORD=a-secret-value";

    it("stays, and is told", async () => {
      await up({ ignore });
      await edit({ env: byHand })();
      await makeRoute();
      fixture.engine.forget();
      const said = await told(async () => expect(await up({ ignore })).toEqual({ web: { op: "create" } }));
      expect(said).toContain("web has domains.mine.example.org/, env.EXTRA, env.NEW changed by hand, and keeps it");
      expect(await live()).toMatchObject({ env: byHand });
      expect((await live()).domains.map(({ host }) => host).sort()).toEqual(["mine.example.org", "web.example.org"]);
      expect(outputs().env).toEqual(web.env);
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    });

    it("is brought where the program changed it meanwhile, and what a hand added stays", async () => {
      await up({ ignore });
      await edit({ env: byHand })();
      fixture.engine.forget();
      await up({ ignore, env: { ...web.env, EXTRA: "2" } });
      expect((await live()).env).toBe("EXTRA=2\nNEW=by-hand\nPASSWORD=a-secret-value\n");
    });

    it("is brought where a creation was cut off", async () => {
      for (let requests = 1; requests <= 12; requests++) {
        await fixture.emulator.control.reset();
        fixture.engine.forget();
        const cut = contextTo(killable(fixture.dokploy, requests, true));
        const said = { services: [{ ...web, ignore }] };
        if (
          await fixture.engine.up(cut, said).then(
            () => true,
            () => false,
          )
        )
          break;
        await fixture.emulator.control.idle();
        await up({ ignore });
        expect(await live()).toMatchObject({ env: "EXTRA=1\nPASSWORD=a-secret-value\n", domains: [{ port: 80 }] });
        expect(outputs()).toMatchObject({ deployed: true, drift: [] });
        expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
      }
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
