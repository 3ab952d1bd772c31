import { appendFileSync } from "node:fs";
import type { Command } from "commander";
import { CliError, wrongUse } from "../problem.ts";
import { whoAsks } from "../runner/asker.ts";
import { parseTimeout } from "../runner/request-run.ts";
import { readStacks, type StackView } from "../runner/stacks.ts";
import { type Asked, askEach, exitCodeOf } from "./ask.ts";
import { diffSince } from "./diff-since.ts";
import { formatPreview, PREVIEW_MARK } from "./format-preview.ts";
import { gh } from "./gh.ts";

/** `github preview` */
export function define(command: Command): void {
  command
    .argument("<stacks...>", "the stacks to preview")
    .requiredOption("--pull-request <number>", "where to comment")
    .requiredOption("--commit <sha>", "the head of the pull request, by its full id")
    .option("--timeout <seconds>", "how long to wait for each stack", "900")
    .option("--summary <file>", "append the same to a file, e.g. $GITHUB_STEP_SUMMARY")
    .action(async (stacks: string[], options: PreviewOptions) => {
      process.exitCode = await commentPreview(stacks, options);
    });
}

interface PreviewOptions {
  pullRequest: string;
  commit: string;
  timeout: string;
  summary?: string;
}

/** Previews a commit on every stack and keeps one comment of the pull request up to date. Returns the exit code. */
async function commentPreview(stacks: string[], options: PreviewOptions): Promise<number> {
  const { pullRequest, commit, timeout, summary } = options;
  if (!/^\d+$/.test(pullRequest)) throw wrongUse(`--pull-request ${pullRequest} is no number`, "Write e.g. 12");
  const answers = await askEach(stacks, {
    path: "/preview",
    body: { commit, triggered_by: `${whoAsks()}, pull request ${pullRequest}` },
    timeoutSeconds: parseTimeout(timeout),
  });
  const known = await readStacks().catch((error: unknown) => {
    if (error instanceof CliError) return [];
    throw error;
  });
  const diffs = new Map<string, string>();
  for (const answer of answers) {
    const diff = await diffOf(answer, known, commit);
    if (diff) diffs.set(answer.stack, diff);
  }
  const body = formatPreview({ commit, answers, diffs });
  if (summary !== undefined) appendFileSync(summary, body);
  await comment(pullRequest, body);
  return exitCodeOf(answers);
}

async function diffOf(answer: Asked, known: StackView[], commit: string): Promise<string | undefined> {
  const from = known.find(({ env }) => env === answer.stack)?.commit;
  if (!("run" in answer) || !from) return undefined;
  const services = answer.run.outcomes.filter(({ result }) => result === "changed").map(({ service }) => service);
  const question = { from, to: commit, stack: answer.stack, services };
  return await diffSince(question, { env: process.env, folder: process.cwd() });
}

/** Writes the comment, or over the one that is there. */
async function comment(pullRequest: string, body: string): Promise<void> {
  const comments = `repos/{owner}/{repo}/issues/${pullRequest}/comments`;
  const own = `.[] | select(.user.type == "Bot" and (.body | startswith("${PREVIEW_MARK}"))) | .id`;
  const [id] = (await gh(["api", comments, "--paginate", "--jq", own])).split("\n").filter(Boolean);
  const where = id === undefined ? [comments] : ["--method", "PATCH", `repos/{owner}/{repo}/issues/comments/${id}`];
  await gh(["api", ...where, "--silent", "--field", "body=@-"], { input: body });
}
