import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { type ProgramOptions, runProgram } from "../../tools/run-program.mjs";
import { isLocked } from "../state/locks.ts";
import { openEventPipe } from "./event-pipe.ts";
import { type EngineEnd, SAID_LIMIT } from "./messages.ts";

/** The engine's words for what a runner and a laptop do to a stack. Always with a look at Dokploy: the state alone tells nothing of hands. */
export const WORDS = {
  update: ["up", "--refresh", "--skip-preview", "--yes", "--continue-on-error"],
  preview: ["preview", "--refresh"],
  drift: ["refresh", "--preview-only"],
  refresh: ["refresh", "--skip-preview", "--yes"],
} as const satisfies Record<string, readonly string[]>;

/** One command of the engine on a stack. */
export interface EngineCommand {
  words: readonly string[];
  stack: string;
  /** The program. */
  workDir: string;
  /** A copy of the stack's file, in a folder of its own: the engine may write into it, and no checkout gets dirty. */
  configFile: string;
  /** Exactly what the engine sees, `PATH` with its folder included. */
  env: NodeJS.ProcessEnv;
  /** Gets every event as the engine sends it: secrets in clear may be in those that are not steps. */
  onEvent?(event: EngineEvent, at: number): void;
  /** Asked last before the engine starts: a signal that came before that does not reach it. */
  isCanceled?(): boolean;
  started?: ProgramOptions["started"];
}

/** How a command ended; `output` is what it printed. */
export type CommandEnd = EngineEnd & { output: string };

const CANCELED: CommandEnd = {
  result: "failed",
  problem: "none",
  said: "canceled before the engine started",
  output: "",
};

/** Runs one command of the engine to its end, for the runner and for a laptop. Throws when it cannot be started. */
export async function runCommand(command: EngineCommand): Promise<CommandEnd> {
  const { words, stack, workDir, configFile, onEvent, isCanceled, started } = command;
  const events = onEvent && (await openEventPipe(onEvent));
  try {
    if (isCanceled?.()) return CANCELED;
    const flags = ["--stack", stack, "--config-file", configFile, "--non-interactive", "--color", "never"];
    // The variable shows the flag.
    const [pipe, env] = events
      ? [["--event-log", events.file], { ...command.env, PULUMI_DEBUG_COMMANDS: "true" }]
      : [[], command.env];
    const { code, killedBy, stdout, stderr } = await runProgram("pulumi", [...words, ...flags, ...pipe], {
      cwd: workDir,
      env,
      ...(started && { started }),
    });
    const said = (stderr || stdout).trim().slice(-SAID_LIMIT);
    const end = code === 0 ? ({ result: "succeeded", problem: "none" } as const) : failure(stderr, killedBy);
    return { ...end, said: code === 0 ? "" : said, output: stdout };
  } finally {
    await events?.close();
  }
}

function failure(stderr: string, killedBy: NodeJS.Signals | null): Omit<EngineEnd, "said"> {
  if (killedBy !== null) return { result: "failed", problem: "killed" };
  if (isUnknownStack(stderr)) return { result: "failed", problem: "unknown_stack" };
  return { result: "failed", problem: isLocked(stderr) ? "locked" : "engine" };
}

/** Whether the engine says that the state backend does not have the stack. */
export function isUnknownStack(said: string): boolean {
  return /no stack named '[^']*' found/.test(said);
}

/**
 * Asks the engine to make a stack; answers what it said when it did not. The backend looks for locks before it looks
 * whether the stack is there, so of a stack that is there this tells who holds it, whatever keeps the state
 * (pulumi/pulumi, pkg/backend/diy/backend.go, CreateStack).
 */
export async function initStack(stack: string, workDir: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // The engine writes a salt into the stack file beside Pulumi.yaml: a copy of that keeps the checkout as it is.
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  try {
    copyFileSync(join(workDir, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    const words = ["stack", "init", stack, "--no-select", "--non-interactive"];
    const { code, stderr } = await runProgram("pulumi", words, { cwd: folder, env });
    return code === 0 ? undefined : stderr.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
