import { spawn } from "node:child_process";
import { pickEnvironment } from "../engine/environment.ts";

/** A git command that failed, with what git said. Masked before it is thrown. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly exitCode: number | null;
  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`git ${command} failed: ${stderr.trim().split("\n").slice(-3).join(" ") || `exit code ${exitCode}`}`);
    this.exitCode = exitCode;
  }
}

/** Runs git with these words in `cwd` and returns its stdout. Throws GitError. */
export type Git = (
  words: string[],
  options?: { cwd?: string; input?: string; timeoutMs?: number; signal?: AbortSignal },
) => Promise<string>;

/** What git may see of the runner's environment: how to reach the remote, nothing else. */
const GIT_VARIABLES = [
  "PATH",
  "HOME",
  "USER",
  "TMPDIR",
  "SSH_AUTH_SOCK",
  "GIT_SSH_COMMAND",
  "GIT_ASKPASS",
  "GIT_CONFIG_GLOBAL",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/** A repository's content is not trusted: no hooks, no transports that run commands. */
const ALWAYS = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "gc.auto=0"];

/** Makes a runner of git commands: never a shell, never a prompt, an allow-listed environment. */
export function createGit(options: { env: Record<string, string | undefined>; mask: (text: string) => string }): Git {
  const env = {
    ...pickEnvironment(options.env, GIT_VARIABLES),
    GIT_TERMINAL_PROMPT: "0",
    GIT_SSH_COMMAND: options.env.GIT_SSH_COMMAND ?? "ssh -oBatchMode=yes",
    LC_ALL: "C",
  };
  return (words, { cwd, input, timeoutMs = 120_000, signal } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn("git", [...ALWAYS, ...words], { cwd, env, timeout: timeoutMs, signal });
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
      child.on("error", reject);
      child.on("close", (code, killedBy) => {
        if (code === 0) resolve(stdout);
        else {
          const said = killedBy ? `${stderr}\nended by ${killedBy} (time limit ${timeoutMs / 1000} s)` : stderr;
          reject(new GitError(words[0] ?? "", code, options.mask(said)));
        }
      });
    });
}
