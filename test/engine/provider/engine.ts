import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { engineHome } from "../engine-home.ts";

const PROGRAM = new URL("../../fixtures/provider", import.meta.url).pathname;

export interface SaidService {
  name: string;
  /** Default: its name. */
  service?: string;
  composeFile: string;
  env?: Record<string, string>;
  secrets?: Record<string, string>;
  domains?: object[];
  checks?: object[];
  waitTimeout?: number;
  stages?: number;
  adopt?: boolean;
  /** `retainOnDelete`. */
  retain?: boolean;
  /** Services before it in the program that it waits for. */
  needs?: string[];
  /** A name that the resource had before. */
  was?: string;
}

/** What the fixture program says. */
export interface Said {
  environment: { project: string; name: string };
  owner: { project: string; stack: string; keyId: string };
  services: SaidService[];
}

export interface Outcome {
  ok: boolean;
  /** Both output streams. */
  text: string;
}

export interface StoredResource {
  urn: string;
  type: string;
  id?: string | undefined;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

/** A stack of the fixture program with a state of its own, driven by the real engine. */
export interface Engine {
  /** Everything that the engine printed, its events and its state as it is stored, for searching. */
  traces(): Promise<string>;
  run(args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Starts an update in a session of its own, to be killed. */
  start(args: string[]): Promise<ChildProcess>;
  /** Brings the stack to where an update can begin after a killed one: no lock, no pending creations. */
  recover(): Promise<Outcome>;
  says(said: Said): void;
  /** Sets a key of the stack's configuration. */
  configure(key: string, value: string, ...flags: string[]): Promise<void>;
  state(): Promise<StoredResource[]>;
  folder: string;
  close(): void;
}

/** Opens an empty stack, whose updates write no checkpoints, as the runner's. `server` and `env` go into the environment of every command. */
export async function openEngine(
  server: { url: string; apiKey: string },
  env: NodeJS.ProcessEnv = {},
): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), "provider-engine-"));
  const said = join(folder, "said.json");
  const traces: string[] = [];
  const base = engineEnvironment({
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: process.env.TMPDIR,
    ...(await engineHome(folder)),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    PULUMI_SKIP_CHECKPOINTS: "true",
    PLATFORM_KEY: "a-platform-key-of-the-tests",
    DOKPLOY_URL: server.url,
    DOKPLOY_API_KEY: server.apiKey,
    // Shows the flag --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    SAID: said,
    ...env,
  });
  const start = (args: string[], more: NodeJS.ProcessEnv = {}, detached = false) =>
    spawn("pulumi", ["-C", PROGRAM, ...args], {
      env: { ...base, ...more },
      detached,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const run = async (args: string[], more: NodeJS.ProcessEnv = {}): Promise<Outcome> => {
    const own = ["up", "preview", "refresh", "destroy"].includes(args[0] ?? "");
    const log = join(folder, `events-${traces.length}.json`);
    const stack = ["--stack", "test", "--config-file", join(folder, "stack.yaml")];
    const flags = own ? [...stack, "--non-interactive", "--event-log", log] : [];
    const child = start([...args, ...flags], more);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (own) traces.push(text, readable(log));
    return { ok: code === 0, text };
  };
  const init = await run(["stack", "init", "test", "--no-select"]);
  if (!init.ok) throw new Error(init.text);
  const configure = async (key: string, value: string, ...flags: string[]) => {
    const own = ["--stack", "test", "--config-file", join(folder, "stack.yaml")];
    const { ok, text } = await run(["config", "set", ...own, ...flags, key, value]);
    if (!ok) throw new Error(text);
  };

  return {
    folder,
    run,
    async start(args) {
      const own = ["--stack", "test", "--config-file", join(folder, "stack.yaml"), "--non-interactive"];
      return start([...args, ...own], {}, true);
    },
    async recover() {
      await run(["cancel", "--yes", "--non-interactive", "--stack", "test"]);
      return run(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
    },
    traces: async () => [...traces, (await run(["stack", "export", "--stack", "test"])).text].join("\n"),
    says: (what) => writeFileSync(said, JSON.stringify(what)),
    configure,
    async state() {
      const { text } = await run(["stack", "export", "--stack", "test"]);
      // Secrets are encrypted anew in every export.
      // Beside the engine's own lines, which go to the other stream.
      const json = text.slice(text.search(/^\{/m), text.lastIndexOf("}") + 1);
      const exported = JSON.parse(json.replaceAll(/"ciphertext": "[^"]*"/g, '"ciphertext": ""')).deployment;
      return ((exported.resources ?? []) as StoredResource[]).map(({ urn, type, id, inputs, outputs }) => ({
        urn,
        type,
        id,
        inputs,
        outputs,
      }));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The engine's events but for its debugging output, which holds every value in clear and is never to be passed on (E6). */
function readable(file: string): string {
  if (!existsSync(file)) return "";
  const events = readFileSync(file, "utf8").split("\n");
  return events.filter((line) => line !== "" && JSON.parse(line).diagnosticEvent?.severity !== "debug").join("\n");
}

export const UP = ["up", "--yes", "--skip-preview"];
export const UP_REFRESH = ["up", "--yes", "--skip-preview", "--refresh", "--continue-on-error"];
export const NO_DRIFT = ["refresh", "--preview-only", "--expect-no-changes", "--diff"];
export const DESTROY = ["destroy", "--yes", "--skip-preview"];
