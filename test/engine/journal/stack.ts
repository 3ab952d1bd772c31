import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournaledUpdate } from "../../../automation/journal/journaled-update.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { engineHome } from "../engine-home.ts";

const PROGRAM = new URL("../../fixtures/journal", import.meta.url).pathname;

/** What the fixture program says: see there. */
export interface Said {
  things: Record<string, unknown>[];
  groups: Record<string, unknown>[];
}

/** A stack of the fixture program. */
export interface TestStack {
  folder: string;
  says(said: Said): void;
  /** Runs the engine on the folder of states, as it comes. */
  run(...args: string[]): Promise<{ code: number | null; text: string }>;
  /** Runs `pulumi up` so that it writes a journal. `during` gets the engine, to end it. */
  journaled(
    args?: string[],
    during?: (engine: ChildProcess) => Promise<void>,
  ): Promise<{ code: number | null; text: string }>;
  /** The stack's state, without what differs from run to run: times, random ids, ciphertexts. */
  state(): Record<string, unknown>;
  /** References of a resource to one that does not stand before it. */
  disorder(): string[];
  /** The state's file. */
  file: string;
  history(): Record<string, unknown>[];
  /** Things that are there. */
  world(): string[];
  edit(id: string, value: string | undefined): void;
  /** What was done to things so far. */
  log(): string[];
  close(): void;
}

export async function openStack(env: NodeJS.ProcessEnv = {}): Promise<TestStack> {
  const folder = mkdtempSync(join(tmpdir(), "journal-"));
  const world = join(folder, "world");
  mkdirSync(world);
  const said = join(folder, "said.json");
  const base = {
    ...engineEnvironment({ PATH: process.env.PATH, HOME: folder }),
    ...(await engineHome(folder)),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    SAID: said,
    WORLD: world,
    ...env,
  };
  const config = join(folder, "stack.yaml");
  const own = ["--stack", "test", "--config-file", config, "--non-interactive", "--color", "never"];
  const start = async (args: string[], more: NodeJS.ProcessEnv, during?: (engine: ChildProcess) => Promise<void>) => {
    const child = spawn("pulumi", ["-C", PROGRAM, ...args], {
      env: { ...base, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += chunk));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await during?.(child);
    return { code: await ended, text };
  };
  const run = (...args: string[]) => start([...args, ...own], {});
  const init = await start(["stack", "init", "test", "--no-select"], {});
  if (init.code !== 0) throw new Error(init.text);
  // The salt is written to the program's folder: here every stack has a file of its own.
  writeFileSync(config, "config: {}\n");
  const first = await start(
    ["config", "set", "journal:any", "thing", "--secret", "--stack", "test", "--config-file", config],
    {},
  );
  if (first.code !== 0) throw new Error(first.text);

  const file = join(folder, ".pulumi", "stacks", "journal", "test.json");
  const lines = (path: string) => {
    try {
      return readFileSync(path, "utf8").split("\n").filter(Boolean);
    } catch {
      return [];
    }
  };
  return {
    folder,
    file,
    says: (what) => writeFileSync(said, JSON.stringify(what)),
    run,
    async journaled(args = ["--refresh"], during) {
      const place = { folder, project: "journal", stack: "test" };
      const update = await openJournaledUpdate(place, join(folder, "credentials"));
      try {
        return await start(["up", "--yes", "--skip-preview", ...args, ...own], update.env, during);
      } finally {
        await update.close();
      }
    },
    state: () => comparable(readFileSync(file, "utf8")),
    disorder() {
      const known = new Set<string>();
      const resources: Record<string, unknown>[] =
        JSON.parse(readFileSync(file, "utf8")).checkpoint.latest.resources ?? [];
      return resources.flatMap(({ urn, parent, provider, dependencies }) => {
        const references = [parent, typeof provider === "string" ? provider.replace(/::[^:]*$/, "") : undefined];
        const missing = [...references, ...((dependencies as string[] | undefined) ?? [])].filter(
          (reference) => reference !== undefined && !known.has(String(reference)),
        );
        known.add(String(urn));
        return missing.map((reference) => `${urn} -> ${reference}`);
      });
    },
    history() {
      const past = join(folder, ".pulumi", "history", "journal", "test");
      const names = readdirSync(past).filter((name) => name.endsWith(".history.json"));
      return names.sort().map((name) => JSON.parse(readFileSync(join(past, name), "utf8")));
    },
    world: () =>
      readdirSync(world)
        .filter((name) => name.endsWith(".json"))
        .sort(),
    edit(id, value) {
      const live = join(world, `${id}.json`);
      if (value === undefined) rmSync(live);
      else writeFileSync(live, JSON.stringify({ value }));
    },
    log: () => lines(join(world, "log")),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Resources by name: the program's own turns decide their order, and it may differ from run to run. */
function comparable(text: string): Record<string, unknown> {
  const fixed = text
    .replaceAll(/"(time|created|modified)":"[^"]*"/g, '"$1":""')
    .replaceAll(/"(ciphertext|salt)":"[^"]*"/g, '"$1":""')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<random>");
  const file = JSON.parse(fixed);
  const { latest } = file.checkpoint;
  for (const key of ["resources", "pending_operations"]) latest[key] = (latest[key] ?? []).map(sorted).sort(byName);
  return file;
}

function sorted({ stackTrace: _, ...resource }: Record<string, unknown>): Record<string, unknown> {
  const { dependencies, propertyDependencies, ...rest } = resource as Record<string, unknown> & Dependencies;
  // After a refresh the engine drops empty lists, and writes them again when the program registers the resource.
  const needs = Object.entries(propertyDependencies ?? {}).filter(([, urns]) => urns.length > 0);
  return { ...rest, dependencies: [...(dependencies ?? [])].sort(), propertyDependencies: Object.fromEntries(needs) };
}

interface Dependencies {
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
}

/** By name and id: of a thing that is being replaced there are two, of a pending operation the thing stands inside. */
function byName(a: object, b: object): number {
  const key = (of: object) => {
    const { urn, id, resource, type } = of as Record<string, unknown>;
    return JSON.stringify([urn, id, type, (resource as { urn?: string } | undefined)?.urn]);
  };
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
