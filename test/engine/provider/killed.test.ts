import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, OWNER } from "../../contract/dokploy/fixture.ts";
import { type Engine, NO_DRIFT, openEngine, UP_REFRESH } from "./engine.ts";
import { childrenOf, commandOf, runs } from "./processes.ts";

const WAYS = [
  { way: "with the whole state after every step", env: { PULUMI_SKIP_CHECKPOINTS: "" } },
  { way: "with the whole state at its end", env: {} },
];

/** The program; `other` waits for what it `needs`. */
const said = (needs: string[] = []) => ({
  environment: { project: "platform", name: "staging" },
  owner: OWNER,
  services: ["web", "other"].map((name) => ({
    name,
    composeFile: composeFile(name),
    secrets: { PASSWORD: `secret-of-${name}` },
    ...(name === "other" && { needs }),
  })),
});

describe.each(WAYS)("an update that was killed, $way", { timeout: 240_000 }, ({ env }) => {
  let emulator: Emulator;
  let engine: Engine;

  beforeEach(async () => {
    emulator = await startEmulator();
    engine = await openEngine(emulator, env);
    engine.says(said());
  });
  afterEach(async () => {
    engine.close();
    await emulator.close();
  });

  it("leaves no provider behind that goes on deploying, and the next update ends it without a second service", async () => {
    for (const service of ["web", "other"]) emulator.control.addFault({ kind: "slow-deploy", service, ms: 3_000 });
    const child = await engine.start(UP_REFRESH);
    await until(() => (emulator.control.statistics().procedures["compose.deploy"] ?? 0) > 0);
    const plugins = childrenOf(child.pid ?? 0);
    const providers = plugins.filter((pid) => commandOf(pid).includes("dynamic-provider"));
    expect(providers.length).toBeGreaterThan(0);

    // Only the engine: its plugins run in process groups of their own and have to notice by themselves.
    child.kill("SIGKILL");
    await until(() => providers.every((pid) => !runs(pid)));
    for (const pid of plugins.filter(runs)) process.kill(pid, "SIGKILL");

    emulator.control.clearFaults();
    expect(await engine.recover()).toMatchObject({ ok: true });
    expect(await engine.run(UP_REFRESH)).toMatchObject({ ok: true });
    const services = (await engine.state()).filter(({ type }) => type.endsWith("Compose"));
    expect(services.map(({ urn }) => urn.split("::").at(-1)).sort()).toEqual(["other", "web"]);
    expect(emulator.control.statistics().procedures["compose.create"]).toBe(2);
    expect(await engine.run(NO_DRIFT)).toMatchObject({ ok: true });
  });

  it("but only cancelled, twice, tells the state what was done, and what was under way", async () => {
    emulator.control.addFault({ kind: "slow-deploy", service: "other", ms: 60_000 });
    engine.says(said(["web"]));
    const child = await engine.start(UP_REFRESH);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await until(() => emulator.control.statistics().procedures["compose.deploy"] === 2);
    child.kill("SIGINT");
    // Two at once would be one.
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill("SIGINT");
    await ended;
    const services = (await engine.state()).filter(({ type }) => type.endsWith("Compose"));
    expect(services.map(({ urn }) => urn.split("::").at(-1))).toEqual(["web"]);
    const { text } = await engine.run(["stack", "export", "--stack", "test"]);
    expect(JSON.parse(text).deployment.pending_operations).toMatchObject([{ type: "creating" }]);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
