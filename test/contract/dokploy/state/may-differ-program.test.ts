import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { composeFile, contextTo, type Fixture, openFixture, running } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";
import { domain, hands, web } from "./hands.ts";
import { killable } from "./killable.ts";

describe("a part that may differ", () => {
  let fixture: Fixture;
  const hand = hands(() => fixture);
  const { up, outputs, live, edit, post, domainId, makeRoute, told, parts } = hand;

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(() => hand.forget());

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
      const before = await parts();
      expect(await up({ ignore, ...patch })).toEqual({ web: { op: "same" } });
      await up({ ignore, ...patch, checks: [], stages: 2 });
      expect(await parts()).toEqual(before);
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
        const right = await parts();
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
        const now = await parts();
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
});
