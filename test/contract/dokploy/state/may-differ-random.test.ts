import { describe, expect, it } from "vitest";
import { decodeEnv } from "../../../../components/dokploy/api/env.ts";
import { routeOf } from "../../../../components/dokploy/rules/domains.ts";
import { mayDiffer } from "../../../../components/dokploy/rules/writing.ts";
import { isAsLeft } from "../../../../components/look/left.ts";
import { look } from "../../../../components/look/look.ts";
import { createTold } from "../../look/fixture.ts";
import { composeFile, contextTo, openFixture } from "../fixture.ts";
import type { SaidService } from "../requests/small-engine.ts";
import { hands, web } from "./hands.ts";
import { killable } from "./killable.ts";
import { mulberry32, retell } from "./seeded.ts";

// SEQUENCES=200 SEED=12345 npx vitest run test/contract/dokploy/state/may-differ-random.test.ts
const SEQUENCES = Number(process.env.SEQUENCES ?? 10);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = 10;
const IGNORE = [
  ["env.A", "env.HAND", "settings.autoDeploy"],
  ["env", "domains"],
  ["composeFile", "domains.a.example.org/", "name"],
  ["settings", "env.A", "domains.hand.example.org/"],
];

describe("whatever program and people do, with parts that may differ", () => {
  it.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "an update brings of those what the program changed, and never writes the others (SEED=%d SEQUENCES=1)",
    { timeout: 240_000 },
    (seed) => retell(seed, play),
  );
});

async function play(seed: number, story: string[]): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const fixture = await openFixture();
  const { live, edit, makeRoute } = hands(() => fixture);
  const ignore = one(IGNORE);
  let program: SaidService = { ...web, ignore, env: { A: "1", B: "1" }, domains: [route("a"), route("b")] };
  const told = createTold();
  const up = (context = fixture.context, refresh = true) => {
    told.clear();
    return fixture.engine.up({ ...context, tell: told.tell }, { services: [program] }, { refresh });
  };
  /** What a look calls as it was left, a refresh calls unchanged, and the other way round. */
  const compareLook = async () => {
    const left = told.left();
    if (left?.length !== 2) return;
    const { url: DOKPLOY_URL, apiKey: DOKPLOY_API_KEY } = fixture.emulator;
    const seen = await look(left, { env: { DOKPLOY_URL, DOKPLOY_API_KEY, PLATFORM_KEY: "platform-key" }, keptAt: 0 });
    const changed = await fixture.engine.refresh(fixture.context, { preview: true });
    expect(isAsLeft(seen, left), JSON.stringify(seen.resources)).toBe(changed.length === 0);
  };

  /** Every part as it is live, by name. */
  const parts = async () => {
    const { name, composeFile: text, env, domains, autoDeploy, suffix } = await live();
    return new Map<string, string>([
      ["name", name],
      ["composeFile", text ?? ""],
      ["settings.autoDeploy", String(autoDeploy)],
      ["settings.suffix", String(suffix)],
      ...Object.entries(decodeEnv(env)).map(([key, value]): [string, string] => [`env.${key}`, value]),
      ...domains.map((row): [string, string] => [`domains.${routeOf(row)}`, String(row.port)]),
    ]);
  };
  const said = () =>
    new Map<string, string>([
      ["name", program.name],
      ["composeFile", program.composeFile],
      ["settings.autoDeploy", "false"],
      ["settings.suffix", ""],
      ...Object.entries(program.env ?? {}).map(([key, value]): [string, string] => [`env.${key}`, value]),
      ...(program.domains ?? []).map((domain): [string, string] => [`domains.${domain.host}/`, String(domain.port)]),
    ]);

  const says = (patch: Partial<SaidService>) => {
    program = { ...program, ...patch };
  };
  const changes: Record<string, () => void> = {
    A: () => says({ env: { ...program.env, A: String(below(3)) } }),
    "without A": () => says({ env: { B: program.env?.B ?? "1" } }),
    B: () => says({ env: { ...program.env, B: String(below(1000)) } }),
    text: () => says({ composeFile: composeFile("web", `web:${below(3)}`) }),
    routes: () => says({ domains: ["a", "b"].filter(() => below(2) === 0).map((host) => route(host, 80 + below(3))) }),
  };
  const byHand: Record<string, () => Promise<unknown>> = {
    env: async () => {
      const env = { ...decodeEnv((await live()).env), [one(["A", "B", "HAND"])]: `hand-${below(100)}` };
      await edit({
        env: Object.entries(env)
          .map((entry) => entry.join("="))
          .join("\n"),
      })();
    },
    "env gone": edit({ env: "B=1" }),
    text: edit({ composeFile: composeFile("web", "web:by-hand") }),
    name: edit({ name: "mine" }),
    settings: edit({ autoDeploy: true, suffix: one(["", "mine"]) }),
    "a route": () => makeRoute({ host: one(["a.example.org", "hand.example.org"]), port: 99 }),
    "a route gone": async () => {
      const [row] = (await live()).domains;
      if (row) await fixture.dokploy.deleteDomain(row.domainId);
    },
  };

  try {
    await up();
    // What the program said of each part at the updates since the last one that came to its end, that one included.
    let attempts = [said()];
    for (let step = 0; step < STEPS; step++) {
      for (let often = below(3); often > 0; often--) {
        const what = one(Object.keys(changes));
        changes[what]?.();
        story.push(`the program changes ${what}: ${JSON.stringify([...said()])}`);
      }
      for (let often = below(3); often > 0; often--) {
        const what = one(Object.keys(byHand));
        await byHand[what]?.();
        story.push(`a hand changes ${what}: ${JSON.stringify([...(await parts())])}`);
      }
      await compareLook();
      const before = await parts();
      attempts.push(said());
      const refresh = below(4) > 0;
      const cut = below(4) === 0 ? killable(fixture.dokploy, 1 + below(14), below(2) === 0) : undefined;
      const done = await up(cut ? contextTo(cut) : fixture.context, refresh).then(
        (result) => Object.values(result).every(({ op }) => op !== "fail"),
        () => false,
      );
      await fixture.emulator.control.idle();
      story.push(`update${refresh ? "" : " without refresh"}${cut ? ", killed" : ""}: ${done ? "done" : "not done"}`);
      if (!done) {
        expect(cut, "an update failed by itself").toBeDefined();
        continue;
      }
      const after = await parts();
      for (const part of new Set([...before.keys(), ...after.keys(), ...said().keys()])) {
        const [was, is, wanted] = [before.get(part), after.get(part), said().get(part)];
        const place = `step ${step}: ${part} was ${was}, is ${is}, wanted ${wanted}`;
        const everSaid = new Set(attempts.map((attempt) => attempt.get(part)));
        if (!mayDiffer(ignore, part)) {
          // Without a refresh the state does not know of a hand, so that nothing may be done at all.
          if (refresh) expect(is, place).toBe(wanted);
        } else if (everSaid.size === 1) expect(is, place).toBe(was);
        else expect([was, wanted], place).toContain(is);
        if (mayDiffer(ignore, part) && attempts.length === 2 && everSaid.size > 1) expect(is, place).toBe(wanted);
      }
      attempts = [said()];
      await compareLook();
      if (refresh) expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    }
  } finally {
    await fixture.close();
  }
}

function route(host: string, port = 80) {
  return { host: `${host}.example.org`, service: "web", port };
}
