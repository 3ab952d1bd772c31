// The one way to run another program to its end, also one whose input or output is too much to hold. Plain JavaScript: `tools/setup.mjs` runs on any Node from 20 on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/**
 * @typedef {object} ProgramOptions
 * @property {string} [cwd] default: this process's own
 * @property {NodeJS.ProcessEnv} [env] exactly what it sees; default: this process's own environment
 * @property {string} [input] goes to its stdin; default: nothing, the program finds it at its end
 * @property {number} [timeoutMs] when it is ended; default: never
 * @property {AbortSignal} [signal] ends it
 * @property {boolean} [apart] in a process group of its own, so that at its end nothing that it started is left. For programs that
 *   nobody watches: a group of its own does not get a terminal's Ctrl-C
 * @property {number} [keep] how many of the last characters of stdout and of stderr are kept; default: all
 * @property {(child: import("node:child_process").ChildProcess) => void} [started] gets the process
 */

/**
 * @typedef {object} ProgramEnd how a program ended
 * @property {number | null} code null when it was killed, or ended from here
 * @property {NodeJS.Signals | null} killedBy
 * @property {"late" | "aborted" | null} ended why it was ended from here; whatever it wrote is no answer then
 * @property {string} stdout
 * @property {string} stderr
 */

/** How long a program that is ended may take to put its lock files away, in milliseconds. */
const END_TIME = 500;

/**
 * Runs a program without a shell to its end. Rejects only when it cannot be started.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {ProgramOptions} [options]
 * @returns {Promise<ProgramEnd>}
 */
export function runProgram(command, words, options = {}) {
  const { cwd, env, input, timeoutMs, signal, apart = false, keep = Number.POSITIVE_INFINITY, started } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return resolve({ code: null, killedBy: null, ended: "aborted", stdout: "", stderr: "" });
    const stdio = /** @type {const} */ ([input === undefined ? "ignore" : "pipe", "pipe", "pipe"]);
    const child = spawn(command, words, { cwd, env, detached: apart, stdio: [...stdio] });
    started?.(child);
    const said = { stdout: "", stderr: "" };
    for (const name of /** @type {const} */ (["stdout", "stderr"])) {
      child[name]?.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
        said[name] = (said[name] + text).slice(-keep);
      });
    }
    // A program that ends before it has read everything says so by its exit code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);

    /** @type {"late" | "aborted" | null} */
    let ended = null;
    const end = (/** @type {"late" | "aborted"} */ why) => {
      ended = why;
      endProgram(child, apart).then(() => resolve({ code: null, killedBy: null, ended, ...said }), reject);
    };
    const late = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs, "late");
    const abort = () => end("aborted");
    signal?.addEventListener("abort", abort, { once: true });
    const settle = () => {
      clearTimeout(late);
      signal?.removeEventListener("abort", abort);
    };
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, killedBy) => {
      settle();
      if (ended === null) resolve({ code, killedBy, ended, ...said });
    });
  });
}

/**
 * Ends a program, and with `apart` all that it started: git's ssh and its helper for http outlive it and hold its pipes open, so
 * nobody waits for those. SIGTERM first, because a lock file that is left behind would stop whoever comes next.
 * @param {import("node:child_process").ChildProcess} child
 * @param {boolean} apart
 */
async function endProgram(child, apart) {
  const isGone = child.exitCode !== null || child.signalCode !== null;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  signalProgram(child, apart, "SIGTERM");
  if (!isGone) await Promise.race([gone, delay(END_TIME)]);
  signalProgram(child, apart, "SIGKILL");
  for (const stream of child.stdio) stream?.destroy();
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {boolean} apart
 * @param {NodeJS.Signals} signal
 */
function signalProgram(child, apart, signal) {
  if (!apart || child.pid === undefined) child.kill(signal);
  else {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error;
    }
  }
}

/**
 * @typedef {object} StreamOptions
 * @property {string} [cwd] default: this process's own
 * @property {NodeJS.ProcessEnv} env exactly what it sees
 * @property {AbortSignal} [signal] ends it
 * @property {string} failure how the error begins when it does not end well, e.g. `the files cannot be read`
 */

/** How much of what a program whose output or input is streamed says on stderr is kept, in characters. */
const SAID = 2_000;

/**
 * What a program writes to stdout, piece by piece. Throws when it does not end well, also in the middle.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {StreamOptions} options
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* readProgram(command, words, options) {
  const { child, ended } = startStreamed(command, words, options);
  child.stdin.end();
  try {
    for await (const piece of child.stdout) yield piece;
    await ended();
  } finally {
    child.kill("SIGKILL");
  }
}

/**
 * Writes pieces to a program's stdin, as fast as it takes them. Throws what reading them throws, and when the program does not end well.
 * @param {string} command
 * @param {readonly string[]} words
 * @param {AsyncIterable<Buffer>} pieces
 * @param {StreamOptions} options
 */
export async function feedProgram(command, words, pieces, options) {
  const { child, closed, ended } = startStreamed(command, words, options);
  child.stdout.resume();
  // One that ends before it has read everything says so by its exit code.
  child.stdin.on("error", () => {});
  try {
    for await (const piece of pieces) {
      if (!child.stdin.write(piece)) await Promise.race([once(child.stdin, "drain"), closed]);
    }
    child.stdin.end();
  } catch (error) {
    child.kill("SIGKILL");
    await closed.catch(() => {});
    throw error;
  }
  await ended();
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 * @param {StreamOptions} options
 */
function startStreamed(command, words, { failure, ...options }) {
  // A terminal's Ctrl-C is for who streams to handle: what it does then may still need the rest.
  const child = spawn(command, words, { ...options, stdio: ["pipe", "pipe", "pipe"], detached: true });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    said = (said + text).slice(-SAID);
  });
  const closed = /** @type {Promise<[number | null]>} */ (once(child, "close"));
  closed.catch(() => {});
  const ended = async () => {
    const [code] = await closed;
    if (code !== 0) throw new Error(`${failure}: ${said.trim() || `${command} ended with ${code}`}`);
  };
  return { child, closed, ended };
}
