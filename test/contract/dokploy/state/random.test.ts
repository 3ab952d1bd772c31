import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectDokploy } from "../../../../components/dokploy/api/client.ts";
import { parseMarker } from "../../../../components/dokploy/api/marker.ts";
import type { Context } from "../../../../components/dokploy/context.ts";
import type { Seen } from "../../../../components/engine/seen.ts";
import { isAsLeft, type LeftResource } from "../../../../components/look/left.ts";
import { look } from "../../../../components/look/look.ts";
import { createSimulatedContainers } from "../../../../emulator/containers/simulated.ts";
import { startEmulator } from "../../../../emulator/emulator.ts";
import type { FaultInput } from "../../../../emulator/faults/fault.ts";
import { createTold } from "../../look/fixture.ts";
import { composeFile, connect, contextTo, OWNER, QUICK } from "../fixture.ts";
import { createSmallEngine, type SaidService } from "../requests/small-engine.ts";
import { killable } from "./killable.ts";
import { mulberry32, retell } from "./seeded.ts";

// SEQUENCES=200 SEED=12345 npx vitest run test/contract/dokploy/state/random.test.ts
const SEQUENCES = Number(process.env.SEQUENCES ?? 30);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = 12;
const NAMES = ["alpha", "beta", "gamma"];

interface Wanted {
  image: number;
  extra: number;
  routes: string[];
  retain: boolean;
}

describe("whatever happens, in any order", () => {
  it.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "one update with refresh ends in what the program says (SEED=%d SEQUENCES=1)",
    { timeout: 120_000 },
    (seed) => retell(seed, play),
  );
});

async function play(seed: number, story: string[]): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const tell = (...words: unknown[]) => void story.push(words.map(String).join(" "));

  const dataDir = mkdtempSync(join(tmpdir(), "random-"));
  const containers = createSimulatedContainers({ stateFile: join(dataDir, "containers.json") });
  const emulator = await startEmulator({ dataDir, containers });
  const dokploy = connect(emulator);
  // What people do, and what is only compared, has all the time that a busy machine takes.
  const patient = connectDokploy({ url: emulator.url, apiKey: emulator.apiKey, timeout: 30_000 });
  const timing = { ...QUICK, lost: 150, unanswered: 80, outage: 400, stalled: 250, grace: 20 };
  const toldTo = { tell: (seen: Seen) => told.tell(seen) };
  const context = contextTo(dokploy, { timing, secrets: [emulator.apiKey], ...toldTo });
  const engine = createSmallEngine(OWNER);
  const told = createTold();
  const lookEnv = { DOKPLOY_URL: emulator.url, DOKPLOY_API_KEY: emulator.apiKey, PLATFORM_KEY: "platform-key" };
  /** What the last update left that came to a good end, as the runner keeps it. */
  let left: LeftResource[] | undefined;
  let proven: Record<string, number> = {};
  const wanted = new Map<string, Wanted>();
  const tokens = new Map<string, string>();
  const words: string[] = [];
  const looks: string[] = [];

  const said = () => ({ services: [...wanted].map(([name, service]) => asSaid(name, service)) });
  const live = async () => {
    const projects = await dokploy.projects();
    const staging = projects.flatMap(({ environments }) => environments).filter(({ name }) => name === "staging");
    return Promise.all(staging.map(({ environmentId }) => dokploy.environment(environmentId)));
  };
  const services = async () => (await live()).flatMap(({ compose }) => compose);

  /** What a database would do: initialise the volume once, with the password it was given first. */
  async function useVolumes(): Promise<void> {
    for (const name of NAMES) {
      const volume = `platform-${name}-data`;
      const token = tokens.get(name);
      if (token !== undefined)
        expect(containers.readFile(`platform-${name}`, "/data/token") ?? token, `${name}'s data`).toBe(token);
      if (containers.volume(volume) === undefined) {
        expect(token, `the volume of ${name} is lost`).toBeUndefined();
        continue;
      }
      if (token === undefined) {
        tokens.set(name, `initialised with ${passwordOf(name)}`);
        containers.writeVolume(volume, "token", `initialised with ${passwordOf(name)}`);
      }
    }
  }

  /** What a look calls as it was left, a refresh calls unchanged, and the other way round; no fault makes a finding. */
  async function compareLook(): Promise<void> {
    if (left === undefined) return;
    const disturbed = await look(left, { env: lookEnv, keptAt: 0, proven });
    await undisturbed(async () => {
      const seen = await look(left ?? [], { env: lookEnv, keptAt: 0, proven });
      const changed = await engine.refresh(contextTo(patient, { timing: QUICK }), { preview: true }).catch((error) => {
        tell("  refresh failed:", (error as Error).message.split("\n")[0]);
        return undefined;
      });
      const found = seen.resources.flatMap(({ name, is, differs, containers: news, why }) =>
        is === "left" ? [] : [`${name} ${is} ${differs} ${news.map((each) => `${each.container} ${each.is}`)} ${why}`],
      );
      looks.push(isAsLeft(seen, left ?? []) ? "left" : "other");
      if (isAsLeft(seen, left ?? [])) expect(changed, "the look called it as left").toEqual([]);
      if (changed?.length === 0) {
        const starting = seen.resources.some((each) => each.starting);
        expect(starting ? [] : found, "a refresh calls it unchanged").toEqual([]);
        const findings = disturbed.resources.filter(({ is }) => is === "other" || is === "gone");
        expect(findings, "found because of a fault").toEqual([]);
      }
      proven = seen.proven;
    });
  }

  async function update(by: Context, what: string, refresh = true): Promise<boolean> {
    left = undefined;
    proven = {};
    told.clear();
    const done = await attempt(by, what, refresh);
    const known = told.left();
    if (done && refresh && known?.length === 1 + engine.save().services.size) left = known;
    return done;
  }

  async function attempt(by: Context, what: string, refresh: boolean): Promise<boolean> {
    try {
      const result = await engine.up(by, said(), { refresh });
      const reasons = Object.values(result).flatMap(({ reason }) => reason ?? []);
      words.push(...reasons);
      tell(
        what,
        Object.entries(result)
          .map(([name, { op }]) => `${name}:${op}`)
          .join(" "),
        ...reasons.map((reason) => `\n    ${reason.split("\n")[0]}`),
      );
      return reasons.length === 0;
    } catch (error) {
      words.push((error as Error).message);
      tell(what, "failed:", (error as Error).message.split("\n")[0]);
      return false;
    }
  }

  const program = (): void => {
    const name = one(NAMES);
    const service = wanted.get(name);
    const change = below(6);
    if (service === undefined) wanted.set(name, { image: 1, extra: 1, routes: [], retain: below(2) === 0 });
    else if (change === 0) wanted.delete(name);
    else if (change <= 2) service.image += 1;
    else if (change === 3) service.extra += 1;
    else service.routes = [`${name}.example.org`, `${name}-2.example.org`].filter(() => below(2) === 0);
    tell("the program says", name, JSON.stringify(wanted.get(name) ?? "nothing"));
  };

  /** What a person does or looks up is not struck by faults. */
  async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
    const faults = emulator.control.faults();
    emulator.control.clearFaults();
    const done = await work();
    for (const armed of faults) emulator.control.addFault(armed);
    return done;
  }

  const hand = async (): Promise<void> =>
    undisturbed(async () => {
      const found = one(await services());
      if (found === undefined) return;
      const record = await patient.compose(found.composeId);
      const edits: Record<string, () => Promise<unknown> | unknown> = {
        env: () => emulator.control.edit(record.composeId, { env: "PASSWORD=canary-by-hand\nMORE=canary-by-hand" }),
        text: () => emulator.control.edit(record.composeId, { composeFile: composeFile(record.name, "by-hand:1") }),
        autoDeploy: () => emulator.control.edit(record.composeId, { autoDeploy: true }),
        command: () =>
          emulator.control.edit(record.composeId, {
            command: `compose -p ${record.appName} -f docker-compose.yml up -d`,
          }),
        name: () => emulator.control.edit(record.composeId, { name: "renamed" }),
        deletion: () => patient.deleteCompose(record.composeId),
        // Nobody waits for it: behind a job that is stuck it would take for ever.
        deployment: () => patient.deploy(record.composeId, "by hand", ""),
        stop: () =>
          emulator.control.addFault({
            kind: "containers",
            service: record.appName,
            outcome: "exit",
            now: true,
            times: 1,
          }),
        removal: () =>
          containers.removeContainer(`platform-${parseMarker(record.description)?.service ?? record.name}`),
        crash: () =>
          emulator.control.addFault({
            kind: "containers",
            service: record.appName,
            outcome: "restarting",
            now: true,
            times: 1,
          }),
        "words of the marker": () =>
          emulator.control.edit(record.composeId, { description: record.description?.replace("undone", "UNDONE") }),
        owner: () => emulator.control.edit(record.composeId, { description: "mine" }),
        route: async () => {
          const [domain] = record.domains;
          if (domain) await patient.deleteDomain(domain.domainId);
        },
      };
      const what = one(Object.keys(edits));
      tell("by hand:", what, "of", record.name);
      await edits[what]?.();
    });

  const fault = (): void => {
    const procedure = one([
      "compose.create",
      "compose.update",
      "compose.deploy",
      "compose.one",
      "compose.delete",
      "domain.create",
      "domain.delete",
      "environment.*",
      "project.*",
      "deployment.*",
      "docker.*",
      "*",
    ]);
    const times = one([1, 1, 2, 4, 8]);
    const service = one(NAMES);
    const faults: FaultInput[] = [
      ...(["drop-after", "drop-before", "html", "error", "unauthorized"] as const).map((kind) => ({
        kind,
        procedure,
        times,
      })),
      { kind: "drop-after", procedure, times: 1 },
      { kind: "fail-deploy", service, log: [`broken ${passwordOf(service)}`] },
      { kind: "lose-job", service, times: one([1, 2]) },
      { kind: "stuck", service },
      {
        kind: "containers",
        service,
        outcome: one(["fail", "unhealthy", "exit"] as const),
        times: 1,
        log: [`crash ${passwordOf(service)}`],
      },
    ];
    const chosen = one(faults);
    tell("fault:", JSON.stringify(chosen));
    emulator.control.addFault(chosen);
  };

  try {
    program();
    program();
    for (let step = 0; step < STEPS; step++) {
      const kind = below(10);
      if (kind <= 1) program();
      else if (kind <= 2) await hand();
      else if (kind <= 4) fault();
      else if (kind <= 6) await update(context, "update:");
      else if (kind === 7) await update(context, "update without refresh:", false);
      else if (kind === 8) {
        const [requests, carriedOut] = [1 + below(25), below(2) === 0];
        const cut = contextTo(killable(dokploy, requests, carriedOut), { timing, ...toldTo });
        await update(cut, `update killed at request ${requests}, ${carriedOut ? "carried out" : "not sent"}:`);
      } else {
        tell("Dokploy restarts");
        await emulator.control.restart();
      }
      const names = await undisturbed(async () =>
        (await services()).map(({ name, description }) => parseMarker(description)?.service ?? name),
      );
      expect(new Set(names).size, `services ${names}`).toBe(names.length);
      await useVolumes();
      await compareLook();
    }

    emulator.control.clearFaults();
    await emulator.control.restart();
    // The last update has all the time it needs, also on a machine that is busy.
    const left = (await services()).length;
    const everythingGone = left === 0 && engine.environment() !== undefined;
    expect(
      await update(contextTo(dokploy, { allowEmpty: everythingGone, ...toldTo }), "last update:"),
      "the last update",
    ).toBe(true);
    await useVolumes();
    await update(contextTo(dokploy, toldTo), "once more:");
    expect(left, "what the last update left").toBeDefined();
    await compareLook();
    expect(looks.at(-1)).toBe("left");

    expect((await live()).length).toBe(1);
    const mine = new Map((await services()).map((entry) => [parseMarker(entry.description)?.service ?? "", entry]));
    for (const [name, service] of wanted) {
      const record = await dokploy.compose(mine.get(name)?.composeId ?? "");
      const expected = asSaid(name, service);
      expect(record).toMatchObject({ name, composeFile: expected.composeFile, autoDeploy: false });
      expect(record.env).toBe(`EXTRA=${service.extra}\nPASSWORD=${passwordOf(name)}\n`);
      expect(record.domains.map(({ host }) => host).sort()).toEqual([...service.routes].sort());
      expect(containers.environmentOf(`platform-${name}`)).toMatchObject({
        PASSWORD: passwordOf(name),
        EXTRA: String(service.extra),
      });
    }
    expect(await engine.refresh(context, { preview: true }), "drift after the last update").toEqual([]);
    expect(Object.values(await engine.up(context, said())).every(({ op }) => op === "same")).toBe(true);

    // Whatever is done now is seen by both.
    for (let round = 0; round < 3; round++) {
      await hand();
      await compareLook();
    }

    const shown = words.join("\n");
    for (const secret of [...NAMES.map(passwordOf), "canary-by-hand", emulator.apiKey])
      expect(shown.includes(secret), secret).toBe(false);
    expect(engine.snapshot()).not.toContain("canary-by-hand");
  } finally {
    patient.close();
    await dokploy.close();
    await emulator.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function passwordOf(name: string): string {
  return `password-of-${name}-0123`;
}

function asSaid(name: string, { image, extra, routes, retain }: Wanted): SaidService {
  return {
    name,
    composeFile: composeFile(name, `${name}:${image}`),
    env: { PASSWORD: passwordOf(name), EXTRA: String(extra) },
    domains: routes.map((host) => ({ host, service: name, port: 80 })),
    waitTimeout: 2,
    retain,
  };
}
