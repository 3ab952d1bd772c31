import { spawn } from "node:child_process";

const seconds = (/** @type {number} */ since) => `${Math.round((Date.now() - since) / 1000)} s`;

/**
 * Runs a command and shows that it is alive: in a terminal one line that counts the seconds, elsewhere a line every
 * 15 s. The command's own output is only shown when it fails.
 *
 * @param {string} label what people read
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<void>} rejects with the last lines of the output
 */
export async function runStep(label, command, args, options = {}) {
  const since = Date.now();
  const terminal = process.stderr.isTTY;
  const show = () =>
    process.stderr.write(terminal ? `\r  ${label} … ${seconds(since)}` : `  ${label} … ${seconds(since)}\n`);
  show();
  const timer = setInterval(show, terminal ? 1_000 : 15_000);
  try {
    await new Promise((resolve, reject) => {
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
            new Error(`${command} ${args[0]} ended with ${code}:\n${output.trim().split("\n").slice(-12).join("\n")}`),
          );
      });
    });
    process.stderr.write(`${terminal ? "\r" : ""}  ${label}: done in ${seconds(since)}      \n`);
  } catch (error) {
    process.stderr.write(`${terminal ? "\r" : ""}  ${label}: failed after ${seconds(since)}\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
