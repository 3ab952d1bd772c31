import { spawn } from "node:child_process";
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
  return withProgress(
    label,
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        let output = "";
        const keep = (/** @type {Buffer} */ chunk) => {
          output = (output + chunk).slice(-4_000);
        };
        child.stdout.on("data", keep);
        child.stderr.on("data", keep);
        child.on("error", reject);
        child.on("close", (code) => {
          if (code === 0) resolve(undefined);
          else
            reject(
              new Error(
                `${command} ${args[0]} ended with ${code}:\n${output.trim().split("\n").slice(-12).join("\n")}`,
              ),
            );
        });
      }),
  );
}
