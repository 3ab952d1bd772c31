import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { EngineEnd } from "../../../automation/engine/messages.ts";
import { createMask } from "../../../automation/mask.ts";
import { checkpointSettings } from "../../../automation/state/checkpoints.ts";
import { JournalLeft, setAsideJournal } from "../../../automation/state/old-journal.ts";
import { reachOf, STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress } from "../../runner/address.ts";
import type { Checkout } from "../checkout.ts";
import { describeRelease } from "../describe-release.ts";
import { findPlace } from "../lock/place.ts";
import { followEventLog } from "./event-log.ts";
import { runProgram } from "./run-program.ts";
import { stackSettings } from "./stack-settings.ts";

/** How one command of the engine ended. */
export interface EngineRun {
  end: EngineEnd;
  /** What it printed: with `--diff` all the details. */
  output: string;
}

/**
 * The environment of the engine on a laptop: the caller's, with the engine on PATH, and the state's own key instead of
 * a new one for every copy of a stack file. Throws CliError when no engine is installed.
 */
export function laptopEnvironment(): NodeJS.ProcessEnv {
  try {
    return {
      DOCKMASTER_RELEASE: describeRelease(),
      ...engineEnvironment(),
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
      // Shows the flag --event-log, which the Automation API uses too.
      PULUMI_DEBUG_COMMANDS: "true",
    };
  } catch (cause) {
    throw new CliError("no_engine", "There is no Pulumi engine", "Install it: node tools/setup.mjs", { cause });
  }
}

/**
 * Runs `pulumi <words>` on a stack with a copy of its file, so that the checkout stays as it is. Ctrl-C reaches the
 * engine, which ends when its running step has ended. Throws CliError `stack_unknown` when the backend does not have
 * the stack. `more` is added to the environment.
 */
export async function runEngine(
  checkout: Checkout,
  stack: string,
  words: string[],
  onEvent: (event: EngineEvent, at: number) => void,
  editConfig: (text: string) => string = (text) => text,
  more: NodeJS.ProcessEnv = {},
): Promise<EngineRun> {
  const env = { ...laptopEnvironment(), ...more };
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  const interrupt = () => {};
  process.on("SIGINT", interrupt);
  try {
    const configFile = join(folder, `Pulumi.${stack}.yaml`);
    const stackFile = editConfig(readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8"));
    writeFileSync(configFile, stackFile);
    if (changesPlatform(stack, words)) {
      await setJournalAside(checkout, stack, env, stackFile);
      Object.assign(env, checkpointSettings(stackFile));
    }
    const events = join(folder, "events.json");
    writeFileSync(events, "", { mode: 0o600 });
    const log = followEventLog(events, onEvent);
    const flags = ["--stack", stack, "--config-file", configFile, "--event-log", events, "--non-interactive"];
    const now = { ...env, ...(await stackSettings(checkout, stack, () => env, configFile)) };
    const { code, stdout, stderr } = await runHere(checkout.folder, [...words, ...flags, "--color", "never"], now);
    log.close();
    if (/no stack named '[^']*' found/.test(stderr)) throw await unknownStack(checkout, stack, env);
    const problem = code === 0 ? "none" : /the stack is currently locked/.test(stderr) ? "locked" : "engine";
    const end: EngineEnd = { result: code === 0 ? "succeeded" : "failed", problem, said: stderr.slice(-4000) };
    return { end, output: stdout };
  } finally {
    process.off("SIGINT", interrupt);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the engine writes the state of a stack of the platform: bootstrap's is of another kind, and keeps every step. */
export function changesPlatform(stack: string, words: readonly string[]): boolean {
  const writes = ["up", "refresh", "destroy"].includes(words[0] ?? "") && !words.includes("--preview-only");
  return writes && stack !== "bootstrap";
}

/** Throws CliError `journal_left`. */
async function setJournalAside(checkout: Checkout, stack: string, env: NodeJS.ProcessEnv, stackFile: string) {
  const place = await findPlace(checkout, stack, env);
  if (!place) return;
  await setAsideJournal(place, stackFile).catch((error: unknown) => {
    throw error instanceof JournalLeft ? new CliError("journal_left", error.message, error.hint) : error;
  });
}

/** Makes a stack in the state backend, unless it is there. Throws CliError. */
export async function createStack(checkout: Checkout, stack: string): Promise<void> {
  const said = await initStack(checkout, stack);
  if (said === undefined || /already exists/.test(said)) return;
  throw new CliError("stack_not_made", `The stack could not be made: ${said}`, "Fix what the engine names");
}

/**
 * Asks the engine to make a stack; answers what it said when it did not. The backend looks for locks before it looks
 * whether the stack is there, so of a stack that is there this tells who holds it, whatever keeps the state
 * (pulumi/pulumi, pkg/backend/diy/backend.go, CreateStack).
 */
export async function initStack(checkout: Checkout, stack: string): Promise<string | undefined> {
  // The engine writes a salt into the stack file beside Pulumi.yaml: a copy of that keeps the checkout as it is.
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  try {
    copyFileSync(join(checkout.folder, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    const words = ["stack", "init", stack, "--no-select", "--non-interactive"];
    const { code, stderr } = await runProgram("pulumi", words, { cwd: folder, env: laptopEnvironment() });
    return code === 0 ? undefined : stderr.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A backend's address may hold the password of its database. */
const withoutPassword = createMask(() => []);

/** The error for a stack that the state backend does not have. */
export async function unknownStack({ folder }: Checkout, stack: string, env: NodeJS.ProcessEnv): Promise<CliError> {
  const { stdout } = await runProgram("pulumi", ["whoami", "--json"], { cwd: folder, env });
  const backend = withoutPassword(/"url":\s*"([^"]*)"/.exec(stdout)?.[1] ?? "the state backend");
  const hint = isOfRunner(backend, env)
    ? `The runner has it: ask that, e.g. dockmaster preview ${stack} --runner. Two states must not be: ${STATE_RULE}`
    : `When it is new: dockmaster up ${stack} --create; else check PULUMI_BACKEND_URL, or log in: pulumi login <url>`;
  return new CliError("stack_unknown", `${backend} has no stack "${stack}"`, hint);
}

/** Whether a stack that a backend lacks is most likely the runner's: a folder here is not the runner's own. */
export function isOfRunner(backend: string, env: NodeJS.ProcessEnv): boolean {
  return reachOf(backend) === "folder" && hasRunnerAddress(env);
}

function runHere(cwd: string, args: string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    // Whoever ends this command ends the engine: cleanly, with its lock released.
    const forward = () => child.kill("SIGINT");
    process.on("SIGTERM", forward);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("SIGTERM", forward);
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}
