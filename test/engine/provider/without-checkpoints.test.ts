import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { found } from "../../../components/dokploy/api/found.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, connect, OWNER } from "../../contract/dokploy/fixture.ts";
import { BACKENDS, type Backend } from "../backends.ts";
import { DESTROY, type Engine, NO_DRIFT, openEngine, type SaidService, UP_REFRESH } from "./engine.ts";
import { killAll } from "./processes.ts";

/** The last two wait for the others: one of them is slow, and the other one may stand behind it in the queue. */
const NAMES = ["a", "b", "c", "slow", "z"];

const OPEN = BACKENDS.filter(({ missing }) => !missing);
for (const { kind } of BACKENDS.filter(({ missing }) => missing))
  test.skip(`an update without checkpoints, its state in ${kind}`);

// One story for each place where state may lie, told in order: each step goes on from where the one before it ended.
describe.each(OPEN)(
  "an update without checkpoints that is killed, its state in $kind,",
  { timeout: 120_000 },
  ({ open }) => {
    let folder: string;
    let backend: Backend;
    let emulator: Emulator;
    let engine: Engine;
    let dokploy: ReturnType<typeof connect>;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "without-checkpoints-"));
      backend = await open(folder);
      emulator = await startEmulator();
      dokploy = connect(emulator);
      engine = await openEngine(emulator, backend.env);
    });
    afterAll(async () => {
      engine?.close();
      await dokploy?.close();
      await emulator?.close();
      await backend?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const service = (name: string, more: Partial<SaidService> = {}): SaidService => ({
      name,
      composeFile: composeFile(name),
      secrets: { PASSWORD: `secret-of-${name}` },
      ...more,
    });
    const all = (image: number) =>
      NAMES.map((name) =>
        service(name, {
          composeFile: composeFile(name, `${name}:${image}`),
          retain: name === "c",
          ...(["slow", "z"].includes(name) && { needs: ["a", "b", "c"] }),
        }),
      );
    const says = (services: SaidService[]) =>
      engine.says({ environment: { project: "platform", name: "staging" }, owner: OWNER, services });
    const live = async () => {
      const projects = await dokploy.projects();
      const entries = projects.flatMap(({ environments }) => environments.flatMap(({ compose }) => compose));
      // One may be deleted just then.
      const records = entries.map((entry) => found(dokploy.compose((entry as { composeId: string }).composeId)));
      return (await Promise.all(records)).filter((record) => record !== undefined);
    };
    /** Service → how often it was deployed. */
    const deployed = async () => {
      const counts = (await live()).map(({ name, deployments }): [string, number] => [name, deployments.length]);
      expect(new Set(counts.map(([name]) => name)).size).toBe(counts.length);
      return Object.fromEntries(counts.sort());
    };
    const known = async () => {
      const services = (await engine.state()).filter(({ type }) => type.endsWith("Compose"));
      return services.map(({ urn }) => urn.split("::").at(-1)).sort();
    };
    /** Kills an update with all that belongs to it, as soon as `moment` has come. */
    const killAt = async (moment: () => Promise<boolean>, words = UP_REFRESH) => {
      emulator.control.resetStatistics();
      const child = await engine.start(words);
      await until(moment);
      await killAll(child);
    };
    const update = async () => {
      const { ok, text } = await engine.run(UP_REFRESH);
      expect(ok, text).toBe(true);
      const look = await engine.run(NO_DRIFT);
      expect(look.ok, look.text).toBe(true);
    };
    const recover = async () => {
      const { ok, text } = await engine.recover();
      expect(ok, text).toBe(true);
      await update();
    };
    const isDeploying = async (name: string) =>
      (await live()).some((each) => each.name === name && each.deployments.some(({ status }) => status === "running"));
    const asked = (procedure: string) => emulator.control.statistics().procedures[procedure] ?? 0;

    test("while it makes services: they are taken over, and each is deployed once, also one whose deployment goes on", async () => {
      says(all(1));
      emulator.control.addFault({ kind: "slow-deploy", service: "slow", ms: 60_000 });
      await killAt(() => isDeploying("slow"));
      expect(await known()).toEqual([]);
      setTimeout(() => emulator.control.clearFaults(), 5_000);
      await recover();
      expect(await deployed()).toEqual({ a: 1, b: 1, c: 1, slow: 1, z: 1 });
      expect(await known()).toEqual(NAMES);
    });

    test("while it changes services: what is done, or under way, is not deployed again", async () => {
      says(all(2));
      emulator.control.addFault({ kind: "slow-deploy", service: "slow", ms: 60_000 });
      await killAt(() => isDeploying("slow"));
      setTimeout(() => emulator.control.clearFaults(), 5_000);
      await recover();
      expect(await deployed()).toEqual({ a: 2, b: 2, c: 2, slow: 2, z: 2 });
    });

    test("while it deletes, when all else is done: nothing is deployed again, made twice, forgotten or deleted wrongly", async () => {
      let checks = 0;
      const site = createServer((_, answer) => answer.end(String(++checks))).listen(0, "127.0.0.1");
      await once(site, "listening");
      const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
      const byHand = {
        name: "found",
        appName: "found",
        description: "made by hand",
        composeFile: composeFile("found"),
      };
      await dokploy.createCompose({ ...byHand, environmentId: (await live())[0]?.environmentId ?? "" });
      const stays = [
        { ...all(2)[0]!, name: "a2", service: "a", was: "a" },
        service("z", { composeFile: composeFile("z", "z:3"), checks: [{ url }] }),
        service("found", { adopt: true }),
      ];
      // Taken out are b and slow, which are deleted, and c, which is left; `new` is one that the state will never have heard of.
      says([...stays, service("new")]);
      emulator.control.addFault({ kind: "latency", procedure: "compose.delete", ms: 1_500, times: "always" });
      await killAt(async () => {
        if (asked("compose.delete") < 2) return false;
        // Each deletion looks whether the containers are gone: there both wait.
        const procedure = "docker.getContainersByAppNameMatch";
        if (emulator.control.faults().length === 1)
          emulator.control.addFault({ kind: "latency", procedure, ms: 5_000, times: "always" });
        return !(await live()).some(({ name }) => name === "b" || name === "slow");
      });
      emulator.control.clearFaults();
      expect(await known()).toEqual(NAMES);
      expect(await deployed()).toEqual({ a2: 2, c: 2, found: 1, new: 1, z: 3 });

      checks = 0;
      says([...stays, all(2)[1]!]);
      await recover();
      site.close();
      expect(await deployed()).toEqual({ a2: 2, b: 1, c: 2, found: 1, new: 1, z: 3 });
      expect(await known()).toEqual(["a2", "b", "found", "z"]);
      expect(checks).toBeGreaterThan(0);
    });

    test("what the state never heard of, and what was left running, is taken over when it comes back", async () => {
      says([all(2)[1]!, { ...all(2)[2]!, retain: false }, service("new")]);
      await update();
      expect(await deployed()).toEqual({ b: 1, c: 2, new: 1 });
      expect(await known()).toEqual(["b", "c", "new"]);
    });

    test("while it takes all down: the next one ends it", async () => {
      says([]);
      emulator.control.addFault({ kind: "latency", procedure: "environment.remove", ms: 2_000 });
      await killAt(async () => asked("environment.remove") === 1, DESTROY);
      await engine.run(["cancel", "--yes", "--non-interactive", "--stack", "test"]);
      const { ok, text } = await engine.run(DESTROY);
      expect(ok, text).toBe(true);
      expect([await live(), await known()]).toEqual([[], []]);
    });
  },
);

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
