import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { pickEnvironment } from "../environment.ts";
import { seenBy } from "../variables.ts";

/** A git command that failed, with what git said. Masked before it is thrown. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly exitCode: number | null;
  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`git ${command} failed: ${stderr.trim().split("\n").slice(-3).join(" ") || `exit code ${exitCode}`}`);
    this.exitCode = exitCode;
  }
}

/** How one git command is run. */
export interface GitOptions {
  cwd?: string;
  input?: string;
  /** When it is ended, in milliseconds. Default: 120 s. */
  timeoutMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
  /**
   * In a process group of its own, so that at its end nothing that it started is left. For commands that nobody watches:
   * a group of its own does not get a terminal's Ctrl-C.
   */
  apart?: boolean;
}

/** Runs git with these words in `cwd` and returns its stdout. Throws GitError, also when it was ended. */
export type Git = (words: string[], options?: GitOptions) => Promise<string>;

/**
 * A repository's content is not trusted: no hooks, no transports that run commands. A server that sends nothing is given
 * up; one that packs a large answer sends a byte a second meanwhile. The environment's own limits count before these.
 */
const ALWAYS = [
  "core.hooksPath=/dev/null",
  "protocol.ext.allow=never",
  "gc.auto=0",
  "http.lowSpeedLimit=1",
  "http.lowSpeedTime=30",
].flatMap((setting) => ["-c", setting]);

/** Never asks, and gives up a server that is silent. */
const SSH = "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=2";

/** How long a git that is ended may take to put its lock files away, in milliseconds. */
const END_TIME = 500;

/** Makes a runner of git commands: never a shell, never a prompt, an allow-listed environment. */
export function createGit(options: { env: Record<string, string | undefined>; mask: (text: string) => string }): Git {
  const env = {
    // It would count before a given GIT_SSH.
    ...(options.env.GIT_SSH ? {} : { GIT_SSH_COMMAND: SSH }),
    ...pickEnvironment(options.env, seenBy("git")),
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
  return (words, { cwd, input, timeoutMs = 120_000, signal, apart = false } = {}) =>
    new Promise((resolve, reject) => {
      const fail = (code: number | null, said: string) =>
        reject(new GitError(words[0] ?? "", code, options.mask(said)));
      if (signal?.aborted) return fail(null, "not started: the runner stops");
      const child = spawn("git", [...ALWAYS, ...words], { cwd, env, detached: apart });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr = (stderr + text).slice(-8192);
      });
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      // Whatever code it then ends with is no answer.
      let ended = false;
      const end = (why: string) => {
        ended = true;
        endGit(child, apart).then(() => fail(null, `${stderr}\n${why}`), reject);
      };
      const late = setTimeout(() => end(`ended: it took longer than ${timeoutMs / 1000} s`), timeoutMs);
      const stop = () => end("ended: the runner stops");
      signal?.addEventListener("abort", stop, { once: true });
      const settle = () => {
        clearTimeout(late);
        signal?.removeEventListener("abort", stop);
      };
      child.on("error", (error) => {
        settle();
        reject(error);
      });
      child.on("close", (code, killedBy) => {
        settle();
        if (code === 0) resolve(stdout);
        else if (!ended) fail(code, killedBy ? `${stderr}\nended by ${killedBy}` : stderr);
      });
    });
}

/**
 * Ends a git, and with `apart` all that it started: ssh and the helper for http outlive it and hold its pipes open, so
 * nobody waits for those. SIGTERM first, because a lock file that is left behind would stop every later fetch.
 */
async function endGit(child: ChildProcess, apart: boolean): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const isGone = child.exitCode !== null || child.signalCode !== null;
  signalGit(child, apart, "SIGTERM");
  if (!isGone) await Promise.race([gone, delay(END_TIME)]);
  signalGit(child, apart, "SIGKILL");
  for (const stream of child.stdio) stream?.destroy();
}

function signalGit(child: ChildProcess, apart: boolean, signal: NodeJS.Signals): void {
  if (!apart) child.kill(signal);
  else if (child.pid !== undefined) {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
