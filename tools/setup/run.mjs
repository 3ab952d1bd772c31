import { runProgram } from "../run-program.mjs";
import { withProgress } from "./progress.mjs";

/**
 * Runs a command and shows that it is alive. The command's own output is only shown when it fails.
 *
 * @param {string} label what people read
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal}} [options] `signal` ends the command
 * @returns {Promise<void>} rejects with the last lines of the output
 */
export function runStep(label, command, args, options = {}) {
  return withProgress(label, async () => {
    const { code, ended, stdout, stderr } = await runProgram(command, args, { ...options, keep: 4_000 });
    if (code === 0) return;
    const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-12).join("\n");
    throw new Error(`${command} ${args[0]} ended with ${ended ?? code}:\n${lines}`);
  });
}
