import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { withPlugin } from "../../plugins/plugins.ts";
import { engineHome } from "../engine-home.ts";
import type { Plan } from "./program/index.ts";

const PROGRAM = join(import.meta.dirname, "program");

/** A stack of the test program with a state of its own. */
export interface TestStack {
  /** `pulumi up --refresh` with this plan. */
  up(plan: Plan, env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** `pulumi refresh --preview-only --expect-no-changes`. */
  drift(): Promise<Outcome>;
  destroy(): Promise<Outcome>;
  outputs(): Promise<Record<string, unknown>>;
  /** The resources of the state with their inputs and outputs, in clear. */
  resources(): Promise<unknown>;
  /** All that the engine has said and written so far: output, events, state and its backups. */
  everything(): string;
  remove(): void;
}

/** How a command ended. */
export interface Outcome {
  ok: boolean;
  /** Resource name → operations, without those that stayed the same. */
  changes: Record<string, string>;
  /** Both output streams. */
  text: string;
}

/** Makes an empty stack. `env` is what the engine and its plugins see besides what they need anyway. */
export async function createStack(name: string, env: NodeJS.ProcessEnv): Promise<TestStack> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-vault-"));
  const plan = join(folder, "plan.json");
  const base = engineEnvironment({ PATH: process.env.PATH });
  const plugin = withPlugin("vault", base);
  const environment: NodeJS.ProcessEnv = {
    ...base,
    HOME: folder,
    PATH: plugin.path,
    PLAN: plan,
    ...(await engineHome(folder)),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    // Shows the flag --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    ...env,
  };
  let said = "";
  let commands = 0;

  async function run(args: string[], more: NodeJS.ProcessEnv = {}): Promise<{ ok: boolean; text: string }> {
    const child = spawn("pulumi", ["-C", PROGRAM, ...args, "--stack", name, "--non-interactive"], {
      env: { ...environment, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { ok: code === 0, text };
  }
  async function operate(args: string[], more?: NodeJS.ProcessEnv): Promise<Outcome> {
    const log = join(folder, `events-${commands++}.json`);
    const flags = ["--config-file", join(folder, "stack.yaml"), "--event-log", log];
    const { ok, text } = await run([...args, ...flags], more);
    const events = readFileSync(log, "utf8").trim().split("\n").filter(Boolean);
    // The engine's own debug messages hold values; the runner drops them as well.
    const kept = events.map((line) => JSON.parse(line)).filter((event) => event.diagnosticEvent?.severity !== "debug");
    said += text + JSON.stringify(kept);
    const steps = kept.flatMap((event) => event.resOutputsEvent?.metadata ?? []);
    const changed = steps.filter(({ op }) => !["same", "refresh", "read"].includes(op));
    const changes = Object.fromEntries(changed.map(({ urn, op }) => [urn.split("::").at(-1), op]));
    return { ok, changes, text };
  }

  const made = await run(["stack", "init", "--no-select"]);
  if (!made.ok) throw new Error(made.text);
  return {
    up: (what, more) => {
      writeFileSync(plan, JSON.stringify(what));
      return operate(["up", "--yes", "--skip-preview", "--refresh"], more);
    },
    drift: () => operate(["refresh", "--preview-only", "--expect-no-changes", "--diff"]),
    destroy: () => operate(["destroy", "--yes", "--skip-preview"]),
    outputs: async () => JSON.parse((await run(["stack", "output", "--json", "--show-secrets"])).text),
    resources: async () => {
      const { resources } = JSON.parse((await run(["stack", "export", "--show-secrets"])).text).deployment;
      return resources.map(({ urn, id, inputs, outputs }: Record<string, unknown>) => ({ urn, id, inputs, outputs }));
    },
    everything: () => said + readAll(join(folder, ".pulumi")),
    remove: () => {
      plugin.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readAll(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
}
