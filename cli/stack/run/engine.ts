import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandEnd, type EngineCommand, initStack, runCommand } from "../../../automation/engine/command.ts";
import { stackSettings } from "../../../automation/engine/stack-settings.ts";
import { createMask } from "../../../automation/mask.ts";
import { checkpointSettings } from "../../../automation/state/checkpoints.ts";
import { JournalLeft, setAsideJournal } from "../../../automation/state/old-journal.ts";
import { reachOf, STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { runProgram } from "../../../tools/run-program.mjs";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress } from "../../runner/address.ts";
import type { Checkout } from "../checkout.ts";
import { findPlace } from "../lock/place.ts";

/**
 * The environment of the engine on a laptop: the caller's, with the engine on PATH, and the state's own key instead of
 * a new one for every copy of a stack file. Throws CliError when no engine is installed.
 */
export function laptopEnvironment(): NodeJS.ProcessEnv {
  try {
    return {
      DOCKMASTER_RELEASE: describeRelease(),
      // Also when it is empty: tools/outgoing/insecure.mjs.
      ALLOW_INSECURE: process.env.ALLOW_INSECURE ?? "",
      ...engineEnvironment(),
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    };
  } catch (cause) {
    throw new CliError("no_engine", "There is no Pulumi engine", "Install it: node tools/setup.mjs", { cause });
  }
}

/** What is special about one command of the engine here. */
export interface LaptopCommand {
  onEvent: NonNullable<EngineCommand["onEvent"]>;
  /** Changes the engine's copy of the stack's file. */
  editConfig?: ((text: string) => string) | undefined;
  /** For the program, besides what is in this shell. */
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Runs `pulumi <words>` on a stack with a copy of its file, so that the checkout stays as it is. Ctrl-C reaches the
 * engine, which ends when its running step has ended. Throws CliError `stack_unknown` when the backend does not have
 * the stack.
 */
export async function runEngine(
  checkout: Checkout,
  stack: string,
  words: readonly string[],
  { onEvent, editConfig = (text) => text, env: more }: LaptopCommand,
): Promise<CommandEnd> {
  const env = { ...laptopEnvironment(), ...more };
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  let isCanceled = false;
  const interrupt = () => {
    isCanceled = true;
  };
  let end = interrupt;
  process.on("SIGINT", interrupt);
  try {
    const configFile = join(folder, `Pulumi.${stack}.yaml`);
    const stackFile = editConfig(readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8"));
    writeFileSync(configFile, stackFile);
    if (changesPlatform(stack, words)) {
      await setJournalAside(checkout, stack, env, stackFile);
      Object.assign(env, checkpointSettings(stackFile));
    }
    const on = { stack, workDir: checkout.folder, configFile };
    const settings = await stackSettings(on, () => env);
    const started: EngineCommand["started"] = (engine) => {
      // Whoever ends this command ends the engine: cleanly, with its lock released.
      end = () => engine.kill("SIGINT");
      process.on("SIGTERM", end);
    };
    const command = { ...on, words, env: { ...env, ...settings }, onEvent, started };
    const found = await runCommand({ ...command, isCanceled: () => isCanceled });
    if (found.problem === "unknown_stack") throw await unknownStack(checkout, stack, env);
    return found;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", end);
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
export async function createStack({ folder }: Checkout, stack: string): Promise<void> {
  const said = await initStack(stack, folder, laptopEnvironment());
  if (said === undefined || /already exists/.test(said)) return;
  throw new CliError("stack_not_made", `The stack could not be made: ${said}`, "Fix what the engine names");
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

/** What Dokploy's deployments are titled with: the tag here, else the commit; `+` when files were changed since. */
function describeRelease(folder: string = process.cwd()): string {
  try {
    const words = ["describe", "--tags", "--always", "--dirty=+"];
    return execFileSync("git", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "no release";
  }
}
