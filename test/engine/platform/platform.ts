import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkpointSettings } from "../../../automation/state/checkpoints.ts";
import type { Containers } from "../../../emulator/containers/containers.ts";
import { createSimulatedContainers, type SimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { type StandIn, withPlugin } from "../../plugins/plugins.ts";
import { copyProgram } from "../../unit/stacks/refusals.ts";
import { engineHome } from "../engine-home.ts";
import { killAll } from "../provider/processes.ts";

const UP = ["up", "--yes", "--skip-preview", "--refresh", "--continue-on-error"];

/** Long enough for the program. */
export const KEY = "test-platform-key-of-more-than-32-characters";

/** How a command of the engine ended. */
export interface Outcome {
  ok: boolean;
  /** Both output streams. */
  text: string;
  /** `<type> <name>` → operation, without those that stayed the same, e.g. `Compose redis` → `update`. */
  changes: Record<string, string>;
}

/** The real program of this checkout on the real engine, against an emulated Dokploy with simulated containers. */
export interface Platform {
  /** A copy of program and services that a test may change. */
  folder: string;
  emulator: Emulator;
  containers: SimulatedContainers;
  /** Writes the config of a stack, as lines of its file below `config:`. */
  config(stack: string, lines: readonly string[]): void;
  /** Sets a key as a Pulumi secret, or one below it: `platform:redis.secrets.redis_password`. */
  secret(stack: string, path: string, value: string): Promise<void>;
  /** `pulumi up --refresh`, as the runner does it. */
  up(stack: string, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Kills such an update with all its processes as soon as `moment` has come, and clears its lock and pending creations away. */
  killedUp(stack: string, moment: () => boolean | Promise<boolean>, env?: NodeJS.ProcessEnv): Promise<void>;
  preview(stack: string, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** `pulumi refresh --preview-only --expect-no-changes`. */
  drift(stack: string, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  destroy(stack: string, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** What every command of the engine sees. */
  environment: NodeJS.ProcessEnv;
  /** The deployment of a stack's state, secrets encrypted. */
  state(stack: string): Promise<string>;
  /** The state as if it had been lost. */
  forget(stack: string): Promise<void>;
  /** Services of a stack on Dokploy, in the order in which they were first deployed. */
  services(stack: string): Promise<Service[]>;
  /**
   * Container → its id and since when it runs: the same answer means that nothing was restarted. Without the checks of a release, which
   * run with every deployment and end.
   */
  running(stack: string): Promise<Record<string, string>>;
  /** Requests to Dokploy that change something, since the last call. */
  writes(): Record<string, number>;
  /** All that the engine has said and written so far: output, events, state and its backups. */
  everything(): string;
  close(): Promise<void>;
}

/** A service as Dokploy has it. */
export interface Service {
  name: string;
  appName: string;
  composeFile: string;
  env: string;
  deployments: number;
}

/** What a test's platform needs besides the program. */
export interface PlatformOptions {
  /** For every command of the engine. */
  env?: NodeJS.ProcessEnv;
  /** Found by the engine, real or stood in for. */
  plugins?: StandIn[];
  /** Default: simulated containers. Real ones know none of what only a simulation can tell. */
  host?: Containers;
}

/** Opens an empty platform. */
export async function openPlatform({ env = {}, plugins = [], host }: PlatformOptions = {}): Promise<Platform> {
  const home = mkdtempSync(join(tmpdir(), "dockmaster-platform-"));
  const folder = join(home, "checkout");
  copyProgram(folder);
  const simulated = () => createSimulatedContainers({ stateFile: join(home, "containers.json") });
  const containers = (host ?? simulated()) as SimulatedContainers;
  const emulator = await startEmulator({ dataDir: join(home, "dokploy"), containers });

  const base = engineEnvironment({ PATH: process.env.PATH });
  const found = plugins.map((name) => withPlugin(name, base));
  const environment: NodeJS.ProcessEnv = {
    ...base,
    PATH: [...found.map(({ path }) => path), base.PATH].join(":"),
    HOME: home,
    ...(await engineHome(home)),
    PULUMI_BACKEND_URL: `file://${home}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    // Shows the flag --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    PLATFORM_KEY: KEY,
    ...env,
  };
  let said = "";
  let commands = 0;

  async function run(
    args: string[],
    more: NodeJS.ProcessEnv = {},
    during?: (engine: ChildProcess) => Promise<void>,
  ): Promise<{ ok: boolean; text: string }> {
    const child = spawn("pulumi", ["-C", folder, ...args, "--non-interactive"], {
      env: { ...environment, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    const ended = new Promise((resolve) => child.once("close", resolve));
    await during?.(child);
    return { ok: (await ended) === 0, text };
  }
  async function operate(
    stack: string,
    args: string[],
    more?: NodeJS.ProcessEnv,
    during?: (engine: ChildProcess) => Promise<void>,
  ): Promise<Outcome> {
    const log = join(home, `events-${commands++}.json`);
    // A copy: the engine writes into it, and the checkout stays as it is.
    const config = join(home, `config-${commands}.yaml`);
    cpSync(join(folder, `Pulumi.${stack}.yaml`), config);
    const flags = ["--stack", stack, "--config-file", config, "--event-log", log];
    const { ok, text } = await run([...args, ...flags], more, during);
    const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
    // The engine's own debug messages hold values; runner and CLI drop them as well.
    const events = lines.map((line) => JSON.parse(line)).filter((one) => one.diagnosticEvent?.severity !== "debug");
    said += text + JSON.stringify(events);
    const steps = events.flatMap((event) => event.resOutputsEvent?.metadata ?? []);
    // A changed config is one of the provider's inputs as well.
    const own = steps.filter(({ urn }) => !urn.includes("::pulumi:providers:"));
    const changed = own.filter(({ op }) => !["same", "refresh", "read"].includes(op));
    return { ok, text, changes: Object.fromEntries(changed.map(({ urn, op }) => [shortName(urn), op])) };
  }
  const checkpointsOf = (stack: string) =>
    checkpointSettings(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"));
  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(new URL(`/api/${path}`, emulator.url), { headers: { "x-api-key": emulator.apiKey } });
    return (await answer.json()) as T;
  }
  async function services(stack: string): Promise<Service[]> {
    const projects =
      await ask<
        {
          environments: { name: string; compose: { composeId: string }[] }[];
        }[]
      >("project.all");
    const all = projects.flatMap(({ environments }) => environments).filter(({ name }) => name === stack);
    const rows = all.flatMap(({ compose }) =>
      compose.map(async ({ composeId }) => {
        const row = await ask<Omit<Service, "deployments">>(`compose.one?composeId=${composeId}`);
        const deployments = await ask<{ createdAt: string }[]>(`deployment.allByCompose?composeId=${composeId}`);
        const first = deployments.map(({ createdAt }) => createdAt).sort()[0] ?? "";
        return { row, first, deployments: deployments.length };
      }),
    );
    const sorted = (await Promise.all(rows)).sort((a, b) => (a.first < b.first ? -1 : 1));
    return sorted.map(({ row, deployments }) => {
      const { name, appName, composeFile, env } = row;
      return { name, appName, composeFile, env, deployments };
    });
  }

  return {
    environment,
    folder,
    emulator,
    containers,
    config(stack, lines) {
      writeFileSync(
        join(folder, `Pulumi.${stack}.yaml`),
        ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n"),
      );
    },
    async secret(stack, path, value) {
      const file = join(folder, `Pulumi.${stack}.yaml`);
      const words = ["config", "set", "--secret", "--path", path, value];
      const { ok, text } = await run([...words, "--stack", stack, "--config-file", file]);
      if (!ok) throw new Error(text);
    },
    async up(stack, more) {
      await run(["stack", "init", stack, "--no-select"]);
      return operate(stack, UP, { ...checkpointsOf(stack), ...more });
    },
    async killedUp(stack, moment, more) {
      await run(["stack", "init", stack, "--no-select"]);
      await operate(stack, UP, { ...checkpointsOf(stack), ...more }, async (engine) => {
        for (const deadline = Date.now() + 60_000; !(await moment()); await sleep(20)) {
          if (Date.now() > deadline) throw new Error("it never came to that");
        }
        await killAll(engine);
      });
      await run(["cancel", "--yes", "--stack", stack]);
      const { ok, text } = await operate(
        stack,
        ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"],
        more,
      );
      if (!ok) throw new Error(text);
    },
    async preview(stack, more) {
      await run(["stack", "init", stack, "--no-select"]);
      return operate(stack, ["preview", "--diff"], more);
    },
    drift: (stack, more) => operate(stack, ["refresh", "--preview-only", "--expect-no-changes", "--diff"], more),
    destroy: (stack, more) => operate(stack, ["destroy", "--yes", "--skip-preview"], more),
    async state(stack) {
      const { text } = await run(["stack", "export", "--stack", stack]);
      // Secrets are encrypted anew in every export.
      return text.replaceAll(/"ciphertext": "[^"]*"/g, '"ciphertext": ""');
    },
    async forget(stack) {
      const { ok, text } = await run(["stack", "rm", stack, "--yes", "--force", "--preserve-config"]);
      if (!ok) throw new Error(text);
    },
    services,
    async running(stack) {
      const rows = (await services(stack)).map(({ appName }) => containers.list(appName));
      const names = (await Promise.all(rows)).flatMap((all) =>
        all.map(({ name }) => name).filter((name) => !/-check-\d+(-|$)/.test(name)),
      );
      const seen = names.map(async (name) => {
        const found = (await containers.inspect(name)) as {
          Id: string;
          State: { StartedAt: string; Health?: { Status: string } };
        };
        return [name, `${found.Id} ${found.State.StartedAt} ${found.State.Health?.Status}`];
      });
      return Object.fromEntries(await Promise.all(seen));
    },
    writes() {
      const { procedures } = emulator.control.statistics();
      emulator.control.resetStatistics();
      const reads = /\.(one|all|allByCompose|byComposeId|queueList|get\w*|readLogs|version|networksToSync|\w*List)$/;
      return Object.fromEntries(Object.entries(procedures).filter(([name]) => !reads.test(name)));
    },
    everything: () => said + readAll(join(home, ".pulumi")),
    async close() {
      await emulator.close();
      for (const plugin of found) plugin.remove();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** `urn:…::dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose::redis` → `Compose redis`. */
function shortName(urn: string): string {
  const [, , type = "", name = ""] = urn.split("::");
  return `${type.split(":").at(-1)} ${name}`;
}

function readAll(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
}
