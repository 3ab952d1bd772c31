import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, connect, OWNER } from "../../contract/dokploy/place.ts";
import { BACKENDS, type Backend } from "../backends.ts";
import { type Engine, NO_DRIFT, openEngine, type SaidService, UP_REFRESH } from "./engine.ts";
import { childrenOf, runs } from "./processes.ts";

/** The last two wait for the others: one of them is slow, and the other one may stand behind it in the queue. */
const NAMES = ["a", "b", "c", "slow", "z"];

// One story for each place where state may lie, told in order: each step goes on from where the one before it ended.
describe.each(BACKENDS)(
  "an update without checkpoints, its state in $kind,",
  { timeout: 120_000 },
  ({ missing, open }) => {
    describe.skipIf(missing)("all of whose processes are killed", () => {
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
      const says = (services: SaidService[]) =>
        engine.says({ environment: { project: "platform", name: "staging" }, owner: OWNER, services });
      const live = async () => {
        const projects = await dokploy.projects();
        const all = projects.flatMap(({ environments }) => environments.flatMap(({ compose }) => compose));
        return Promise.all(all.map((entry) => dokploy.compose((entry as { composeId: string }).composeId)));
      };
      /** Service → how often it was deployed. */
      const deployed = async () => {
        const entries = (await live()).map(({ name, deployments }): [string, number] => [name, deployments.length]);
        return Object.fromEntries(entries.sort());
      };
      const known = async () =>
        (await engine.state())
          .flatMap(({ type, urn }) => (type.endsWith("Compose") ? [urn.split("::").at(-1)] : []))
          .sort();
      /** Kills an update with all that belongs to it, as soon as `moment` has come. */
      const killAt = async (moment: () => Promise<boolean>) => {
        const child = await engine.start(UP_REFRESH);
        const ended = new Promise((resolve) => child.once("exit", resolve));
        await until(moment);
        const plugins = childrenOf(child.pid ?? 0);
        child.kill("SIGKILL");
        for (const pid of plugins.filter(runs)) process.kill(pid, "SIGKILL");
        await ended;
      };
      const next = async () => {
        const recovered = await engine.recover();
        expect(recovered.ok, recovered.text).toBe(true);
        const { ok, text } = await engine.run(UP_REFRESH);
        expect(ok, text).toBe(true);
        const look = await engine.run(NO_DRIFT);
        expect(look.ok, look.text).toBe(true);
        return text;
      };
      const all = (image: number) =>
        NAMES.map((name) =>
          service(name, {
            composeFile: composeFile(name, `${name}:${image}`),
            ...(["slow", "z"].includes(name) && { needs: ["a", "b", "c"] }),
          }),
        );
      const isDeploying = async (name: string) =>
        (await live()).some(
          (each) => each.name === name && each.deployments.some(({ status }) => status === "running"),
        );

      test("while it makes services: those are taken over, and each is deployed once", async () => {
        says(all(1));
        emulator.control.addFault({ kind: "slow-deploy", service: "slow", ms: 60_000 });
        await killAt(() => isDeploying("slow"));
        expect(await known()).toEqual([]);
        setTimeout(() => emulator.control.clearFaults(), 5_000);
        await next();
        expect(await deployed()).toEqual({ a: 1, b: 1, c: 1, slow: 1, z: 1 });
        expect(await known()).toEqual(NAMES);
      });

      test("while it changes services: what is done is not deployed again", async () => {
        says(all(2));
        emulator.control.addFault({ kind: "slow-deploy", service: "slow", ms: 60_000 });
        await killAt(() => isDeploying("slow"));
        setTimeout(() => emulator.control.clearFaults(), 5_000);
        await next();
        expect(await deployed()).toEqual({ a: 2, b: 2, c: 2, slow: 2, z: 2 });
      });
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
