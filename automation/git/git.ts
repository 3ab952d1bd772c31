import { runProgram } from "../../tools/run-program.mjs";
import { pickEnvironment } from "../environment.ts";
import { seenBy } from "../variables.ts";
import { type Handed, hideCredentials, toEnvironment } from "./credentials.ts";

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
  /** What it is told besides, through its environment. */
  handed?: Handed;
  /** Gets what it said on stderr when it ended well. */
  said?(text: string): void;
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

/** Longest last words of git that are kept, in characters. */
const SAID_KEPT = 8_192;

/** Never asks, and gives up a server that is silent. */
const SSH = "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=2";

/** What git sees of an environment: an allow-list of it, and never a prompt. */
export function gitEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  return {
    // It would count before a given GIT_SSH.
    ...(env.GIT_SSH ? {} : { GIT_SSH_COMMAND: SSH }),
    ...pickEnvironment(env, seenBy("git")),
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}

/** Makes a runner of git commands: never a shell, never a prompt, an allow-listed environment, no sign-in among its words. */
export function createGit(options: { env: Record<string, string | undefined>; mask: (text: string) => string }): Git {
  const env = gitEnvironment(options.env);
  return async (given, { cwd, input, timeoutMs = 120_000, signal, apart = false, handed, said: hear } = {}) => {
    const { words, ...hidden } = hideCredentials(given);
    const told = toEnvironment({
      settings: [...hidden.settings, ...(handed?.settings ?? [])],
      env: { ...handed?.env, ...hidden.env },
    });
    const fail = (code: number | null, said: string) => new GitError(words[0] ?? "", code, said);
    if (signal?.aborted) throw fail(null, "not started: the runner stops");
    const how = { cwd, input, timeoutMs, signal, apart };
    const { code, killedBy, ended, stdout, stderr } = await runProgram("git", [...ALWAYS, ...words], {
      env: { ...env, ...told },
      ...how,
    });
    if (code === 0) {
      hear?.(stderr);
      return stdout;
    }
    // A short end of it stays, for people: masked, then cut, for half a token is not known any more.
    const said = options.mask(stderr).slice(-SAID_KEPT);
    if (ended === "late") throw fail(null, `${said}\nended: it took longer than ${timeoutMs / 1000} s`);
    if (ended === "aborted") throw fail(null, `${said}\nended: the runner stops`);
    throw fail(code, killedBy ? `${said}\nended by ${killedBy}` : said);
  };
}
