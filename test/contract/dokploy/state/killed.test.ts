import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { composeFile, contextTo, type Fixture, openFixture, running } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";
import { killable } from "./killable.ts";

const domain = { host: "web.example.org", service: "web", port: 80 };
const before: SaidService = {
  name: "web",
  composeFile: composeFile("web"),
  env: { PASSWORD: "a-secret-value", EXTRA: "1" },
  domains: [domain],
};

const changes: [what: string, from: SaidService | undefined, to: SaidService][] = [
  ["making a service", undefined, before],
  ["changing its env", before, { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } }],
  ["changing its text", before, { ...before, composeFile: composeFile("web", "web:2") }],
  [
    "changing its routes",
    before,
    {
      ...before,
      domains: [
        { ...domain, port: 81 },
        { ...domain, host: "new.example.org" },
      ],
    },
  ],
];

/** Requests that a change can make at most, with this emulator; the last ones are never reached, which proves that all were tried. */
const KILLS = Array.from({ length: 20 }, (_, index) => index + 1);

/** Whether the last request was carried out, and whether the program was changed back before the next update. */
const ENDS = [
  [true, false],
  [false, false],
  [true, true],
] as const;

describe.each(changes)("a session killed while %s", (_, from, to) => {
  let fixture: Fixture;
  let finished = 0;

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    if (from) await fixture.engine.up(fixture.context, { services: [from] });
  });

  const up = (said: SaidService, context = fixture.context) => fixture.engine.up(context, { services: [said] });

  it.each(KILLS.flatMap((requests) => ENDS.map((end) => [requests, ...end] as const)))(
    "at request %i (carried out: %s, changed back: %s) costs nothing that the next update does not fix, forward or back",
    async (requests, carriedOut, back) => {
      const cut = contextTo(killable(fixture.dokploy, requests, carriedOut));
      await up(to, cut).then(
        () => (finished += 1),
        (error) => expect(String(error)).toContain("killed"),
      );
      await fixture.emulator.control.idle();

      // The program may have been changed back meanwhile.
      const next = from !== undefined && back ? from : to;
      await up(next);
      await isExactly(next);
      // And back again, for those that have a way back.
      for (const said of from ? [from] : []) {
        await up(said);
        await isExactly(said);
      }
    },
  );

  it("was killed at every request that there is", () => {
    expect(finished).toBeGreaterThan(0);
  });

  async function isExactly(said: SaidService): Promise<void> {
    const record = await fixture.live("web");
    expect(record.composeFile).toBe(said.composeFile);
    expect(record.domains.map(({ host, port }) => `${host}:${port}`).sort()).toEqual(
      (said.domains ?? []).map(({ host, port }) => `${host}:${port}`).sort(),
    );
    const routes = (said.domains ?? []).map(({ host, port }) => `${host}:${port}`).sort();
    const image = /image: (.*)/.exec(said.composeFile)?.[1];
    expect(await running(fixture.containers, "platform-web")).toMatchObject({ image, routes, env: said.env });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    const [project, ...others] = await fixture.dokploy.projects();
    expect([others.length, project?.environments.flatMap(({ compose }) => compose).length]).toEqual([0, 1]);
  }
});
