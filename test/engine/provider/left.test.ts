import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isAsLeft, type LeftResource } from "../../../components/look/left.ts";
import { look } from "../../../components/look/look.ts";
import { createSimulatedContainers, type SimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { composeFile, OWNER } from "../../contract/dokploy/fixture.ts";
import { type Engine, NO_DRIFT, openEngine, type SaidService, UP_REFRESH } from "./engine.ts";

let emulator: Emulator;
let engine: Engine;
let containers: SimulatedContainers;
let folder: string;
let file: string;

const web: SaidService = { name: "web", composeFile: composeFile("web"), secrets: { PASSWORD: "canary-of-a-secret" } };
const db: SaidService = { name: "db", composeFile: composeFile("db"), retain: true };
const says = (...services: SaidService[]) =>
  engine.says({ environment: { project: "platform", name: "staging" }, owner: OWNER, services });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "left-"));
  containers = createSimulatedContainers({ stateFile: join(folder, "containers.json") });
  emulator = await startEmulator({ dataDir: join(folder, "dokploy"), containers });
  engine = await openEngine(emulator);
  file = join(engine.folder, "seen.jsonl");
});
afterAll(async () => {
  engine?.close();
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the engine, and answers what was left: the last line about each resource. */
async function run(words: string[]): Promise<{ ok: boolean; text: string; left: LeftResource[] | undefined }> {
  rmSync(file, { force: true });
  const { ok, text } = await engine.run(words, { DOCKMASTER_SEEN: file });
  if (!existsSync(file)) return { ok, text, left: undefined };
  const told = new Map<string, LeftResource | undefined>();
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const { format, forget, once: _, ...seen } = JSON.parse(line);
    expect(format).toBe(1);
    told.set(seen.composeId ?? seen.id, forget ? undefined : seen);
  }
  const ids = (await engine.state()).filter(({ type }) => type.includes(":dynamic/")).map(({ id }) => id ?? "");
  const all = ids.map((id) => told.get(id));
  return { ok, text, left: all.includes(undefined) ? undefined : (all as LeftResource[]) };
}

async function isLeft(left: LeftResource[] | undefined): Promise<boolean> {
  const env = {
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    PLATFORM_KEY: "a-platform-key-of-the-tests",
  };
  return isAsLeft(await look(left ?? [], { env, keptAt: Date.now() }), left ?? []);
}

it("every update tells how it left everything, and a look says so until somebody changes it", {
  timeout: 240_000,
}, async () => {
  says(web, db);
  const first = await run(UP_REFRESH);
  expect(first).toMatchObject({ ok: true, left: [{}, {}, {}] });
  expect(await isLeft(first.left)).toBe(true);
  expect(JSON.stringify(first.left)).not.toContain("canary-of-a-secret");

  const second = await run(UP_REFRESH);
  expect(second.text).toMatch(/4 unchanged/);
  expect(await isLeft(second.left)).toBe(true);

  // Another process of the same container: an update notes it, and has nothing else to do.
  const { composeId } = await composeOf("web");
  for (const what of ["stop", "start"]) {
    const headers = { "x-api-key": emulator.apiKey, "content-type": "application/json" };
    const body = JSON.stringify({ composeId });
    expect((await fetch(`${emulator.url}/api/compose.${what}`, { method: "POST", headers, body })).ok).toBe(true);
  }
  await expect
    .poll(async () => (await containers.list((await composeOf("web")).appName))[0]?.status, { timeout: 30_000 })
    .toMatch(/\(healthy\)/);
  expect(await isLeft(second.left)).toBe(false);
  const noted = await run(UP_REFRESH);
  expect(noted.text).toMatch(/4 unchanged/);
  expect(await isLeft(noted.left)).toBe(true);

  emulator.control.edit((await composeOf("web")).composeId, { autoDeploy: true });
  expect(await isLeft(noted.left)).toBe(false);
  expect((await run(NO_DRIFT)).left).toBeUndefined();
  const repaired = await run(UP_REFRESH);
  expect(repaired.ok).toBe(true);
  expect(await isLeft(repaired.left)).toBe(true);

  emulator.control.addFault({ kind: "fail-deploy", service: "db" });
  says(web, { ...db, composeFile: composeFile("db", "db:2") });
  expect(await run(UP_REFRESH)).toMatchObject({ ok: false, left: undefined });
});

async function composeOf(name: string): Promise<{ composeId: string; appName: string }> {
  const outputs = (await engine.state()).find(({ urn }) => urn.endsWith(`::${name}`))?.outputs;
  return outputs as { composeId: string; appName: string };
}
