import { runProgram } from "../../tools/run-program.mjs";
import { CliError } from "../problem.ts";

/**
 * Runs GitHub's own command line (https://cli.github.com), which every hosted machine of GitHub Actions has and which
 * finds its token and repository in the environment. Returns its stdout. Throws CliError `github_failed`.
 */
export async function gh(words: string[], { input }: { input?: string } = {}): Promise<string> {
  const failed = (said: string, cause?: unknown) => {
    const hint = "Check GH_TOKEN and the job's permissions; the step can be repeated";
    return new CliError("github_failed", `gh ${words.slice(0, 2).join(" ")} failed: ${said}`, hint, { cause });
  };
  const { code, stdout, stderr } = await runProgram("gh", words, { input }).catch((cause: Error) => {
    throw failed(cause.message, cause);
  });
  if (code !== 0) throw failed(stderr.slice(-4096).trim() || `exit code ${code}`);
  return stdout;
}
