import { spawn } from "node:child_process";
import { CliError } from "../problem.ts";

/**
 * Runs GitHub's own command line (https://cli.github.com), which every hosted machine of GitHub Actions has and which
 * finds its token and repository in the environment. Returns its stdout. Throws CliError `github_failed`.
 */
export function gh(words: string[], { input }: { input?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("gh", words, { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-4096);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const failed = (said: string, cause?: unknown) => {
      const hint = "Check GH_TOKEN and the job's permissions; the step can be repeated";
      reject(new CliError("github_failed", `gh ${words.slice(0, 2).join(" ")} failed: ${said}`, hint, { cause }));
    };
    child.on("error", (cause) => failed(cause.message, cause));
    child.on("close", (code) => {
      if (code === 0) resolve(stdout);
      else failed(stderr.trim() || `exit code ${code}`);
    });
  });
}
