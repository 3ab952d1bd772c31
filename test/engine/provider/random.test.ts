import { describe, expect, it } from "vitest";
import { startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, connect, OWNER } from "../../contract/dokploy/fixture.ts";
import { mulberry32 } from "../../contract/dokploy/state/seeded.ts";
import { NO_DRIFT, openEngine, type SaidService, UP_REFRESH } from "./engine.ts";
import { childrenOf, runs } from "./processes.ts";

// ENGINE_SEQUENCES=10 SEED=12345 npx vitest run test/engine/provider/random.test.ts
// Hundreds of sequences run without the engine in test/contract/dokploy/state/random.test.ts; here the engine's own part is tried.
const SEQUENCES = Number(process.env.ENGINE_SEQUENCES ?? 2);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = 5;
const NAMES = ["alpha", "beta"];

describe("whatever happens, with the real engine", () => {
  it.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "one update with refresh ends in what the program says (SEED=%d ENGINE_SEQUENCES=1)",
    { timeout: 600_000 },
    async (seed) => {
      const story: string[] = [];
      try {
        await play(seed, story);
      } catch (error) {
        throw new Error(`SEED=${seed} ENGINE_SEQUENCES=1\n${story.join("\n")}`, { cause: error });
      }
    },
  );
});

async function play(seed: number, story: string[]): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const emulator = await startEmulator();
  // Every second one writes its state after every step.
  const engine = await openEngine(emulator, seed % 2 === 1 ? { PULUMI_SKIP_CHECKPOINTS: "" } : {});
  const dokploy = connect(emulator);
  const wanted = new Map<string, SaidService>(NAMES.map((name) => [name, asSaid(name, 1)]));
  const says = () =>
    engine.says({
      environment: { project: "platform", name: "staging" },
      owner: OWNER,
      services: [...wanted.values()],
    });
  const services = async () => {
    const projects = await dokploy.projects();
    return projects
      .flatMap(({ environments }) => environments)
      .flatMap(({ compose }) => compose as { composeId: string; name: string }[]);
  };

  const steps: Record<string, () => Promise<unknown> | unknown> = {
    change: () => void wanted.set("alpha", asSaid("alpha", 2 + below(100))),
    "take out or put back": () => void (wanted.delete("beta") || wanted.set("beta", asSaid("beta", 1))),
    "edit by hand": async () => {
      const found = one(await services());
      if (found) emulator.control.edit(found.composeId, { env: "PASSWORD=canary-by-hand", autoDeploy: true });
    },
    "delete by hand": async () => {
      const all = await services();
      if (all.length > 1 && all[0]) await dokploy.deleteCompose(all[0].composeId);
    },
    "lose an answer": () =>
      emulator.control.addFault({
        kind: "drop-after",
        procedure: one(["compose.create", "compose.update", "compose.deploy"]),
      }),
    "fail a deployment": () => emulator.control.addFault({ kind: "fail-deploy", service: one(NAMES) }),
    update: () => engine.run(UP_REFRESH),
    "be killed": async () => {
      says();
      emulator.control.resetStatistics();
      const requests = 1 + below(14);
      const child = await engine.start(UP_REFRESH);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      let over = false;
      ended.then(() => {
        over = true;
      });
      while (!over && emulator.control.statistics().requests < requests)
        await new Promise((resolve) => setTimeout(resolve, 20));
      const plugins = childrenOf(child.pid ?? 0);
      child.kill("SIGKILL");
      await ended;
      for (const pid of plugins.filter(runs)) process.kill(pid, "SIGKILL");
      story.push(`  killed at request ${requests}, over: ${over}`);
      await emulator.control.idle();
      const recovered = await engine.recover();
      story.push(`  recovered: ${recovered.ok}`);
    },
  };

  try {
    for (const step of ["be killed", ...Array.from({ length: STEPS }, () => one(Object.keys(steps)))]) {
      story.push(step);
      says();
      await steps[step]?.();
    }
    emulator.control.clearFaults();
    says();
    const last = await engine.run(UP_REFRESH);
    expect(last.text).not.toContain("error:");
    expect(last.ok).toBe(true);
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });

    const all = await services();
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { name, secrets, composeFile: file } of wanted.values()) {
      const found = all.find((service) => service.name === name);
      const record = await dokploy.compose(found?.composeId ?? "");
      expect(record).toMatchObject({ composeFile: file, env: `PASSWORD=${secrets?.PASSWORD}\n`, autoDeploy: false });
    }
    const traces = await engine.traces();
    for (const canary of ["password-of-", "canary-by-hand"]) expect(traces.includes(canary), canary).toBe(false);
  } finally {
    engine.close();
    await dokploy.close();
    await emulator.close();
  }
}

function asSaid(name: string, image: number): SaidService {
  return {
    name,
    composeFile: composeFile(name, `${name}:${image}`),
    secrets: { PASSWORD: `password-of-${name}` },
    waitTimeout: 5,
    retain: true,
  };
}
