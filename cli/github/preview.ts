import { appendFileSync } from "node:fs";
import type { Command } from "commander";
import { affectedServices } from "../../automation/domain/releases/affected.ts";
import type { RefusalCode } from "../../automation/domain/releases/refusal.ts";
import { toServices } from "../../automation/git/catalogue.ts";
import { createGit, type Git, GitError } from "../../automation/git/git.ts";
import { hideSignIns } from "../print/hide.ts";
import { formatMarkdown } from "../print/markdown.ts";
import { CliError, wrongUse } from "../problem.ts";
import { whoAsks } from "../runner/asker.ts";
import { toOutcomes } from "../runner/outcome.ts";
import { parseTimeout } from "../runner/request-run.ts";
import { readStacks, type StackView } from "../runner/stacks.ts";
import { type Asked, askEach, exitCodeOf, type Problem } from "./ask.ts";
import { fitBody, formatBlock } from "./format.ts";
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
  const differences = new Map<string, Difference>();
  for (const answer of answers) {
    const difference = await findDifference(answer, known, commit);
    if (difference) differences.set(answer.stack, difference);
  }
  const body = formatPreview({ commit, answers, differences });
  if (summary !== undefined) appendFileSync(summary, body);
  await comment(pullRequest, body);
  // That the runner previews no code that main lacks is how it was set up, and no fault of the pull request.
  return exitCodeOf(answers.filter((answer) => !notPreviewed(answer)));
}

/** The runner's codes for a commit that it does not preview, because main does not contain it. */
const NOT_PREVIEWED: readonly RefusalCode[] = ["preview_not_merged", "preview_not_approved"];

/** Why the runner did not preview, where that is by its rules. */
function notPreviewed(answer: Asked): Problem | undefined {
  if (!("problem" in answer)) return undefined;
  const { problem } = answer;
  return NOT_PREVIEWED.some((code) => code === problem.code) ? problem : undefined;
}

/** What Git tells of the change, without running anything. */
interface Difference {
  diff: string;
  /** Services whose files differ. */
  services: string[];
}

async function findDifference(answer: Asked, known: StackView[], commit: string): Promise<Difference | undefined> {
  const from = known.find(({ env }) => env === answer.stack)?.commit;
  if (!from || !("run" in answer || notPreviewed(answer))) return undefined;
  const services =
    "run" in answer
      ? answer.run.outcomes.filter(({ result }) => result === "changed").map(({ service }) => service)
      : undefined;
  const question = { from, to: commit, stack: answer.stack, services };
  return await differenceSince(question, { env: process.env, folder: process.cwd() });
}

/** Writes the comment, or over the one that is there. */
async function comment(pullRequest: string, body: string): Promise<void> {
  const comments = `repos/{owner}/{repo}/issues/${pullRequest}/comments`;
  const own = `.[] | select(.user.type == "Bot" and (.body | startswith("${PREVIEW_MARK}"))) | .id`;
  const [id] = (await gh(["api", comments, "--paginate", "--jq", own])).split("\n").filter(Boolean);
  const where = id === undefined ? [comments] : ["--method", "PATCH", `repos/{owner}/{repo}/issues/comments/${id}`];
  await gh(["api", ...where, "--silent", "--field", "body=@-"], { input: body });
}

/**
 * What differs in Git between the commit that a stack has and another one, in the files that make these services (undefined: all). Git
 * holds no secret in clear; what Pulumi encrypted is left out all the same. Undefined when this clone lacks a commit.
 */
async function differenceSince(
  { from, to, stack, services }: { from: string; to: string; stack: string; services: string[] | undefined },
  { env, folder }: { env: NodeJS.ProcessEnv; folder: string },
): Promise<Difference | undefined> {
  const inFolder = createGit({ env, mask: hideSignIns });
  const git: Git = (words) => inFolder(words, { cwd: folder });
  try {
    const changed = (await git(["diff", "--name-only", "-z", "--no-renames", "--end-of-options", from, to])).split(
      "\0",
    );
    const files = (await git(["ls-tree", "-r", "-z", "--name-only", to, "--", "components"])).split("\0");
    const known = [...new Set([...toServices("", files), ...(services ?? [])])];
    const { paths, services: affected } = affectedServices(changed.filter(Boolean), known);
    const asked = services ?? affected;
    const wanted = paths.filter(
      ({ path, services: touched }) =>
        touched.some((service) => asked.includes(service)) &&
        path !== "package-lock.json" &&
        (!path.startsWith("Pulumi.") || ["Pulumi.yaml", `Pulumi.${stack}.yaml`].includes(path)),
    );
    if (wanted.length === 0) return { diff: "", services: affected };
    const words = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--end-of-options", from, to, "--"];
    const diff = maskEncrypted(await git([...words, ...wanted.map(({ path }) => `:(literal)${path}`)]));
    return { diff, services: affected };
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

/** Takes out the values that Pulumi encrypted: nobody can read them, and a key may leak one day. */
export function maskEncrypted(diff: string): string {
  return diff.replace(/^([+\- ]\s*(?:secure|encryptionsalt|encryptedkey):).*$/gm, "$1 [secret]");
}

/** The comment's first line, by which the next run finds it. */
export const PREVIEW_MARK = "<!-- dockmaster preview -->";

/** The comment: a table for every stack, and what differs in Git where something would change. */
export function formatPreview(facts: {
  commit: string;
  answers: Asked[];
  differences: Map<string, Difference>;
}): string {
  const { commit, answers, differences } = facts;
  const sections = answers.map((answer) => formatStack(answer, differences.get(answer.stack)?.services));
  const blocks = answers.flatMap(({ stack }) => {
    const diff = differences.get(stack)?.diff;
    return diff ? [formatBlock(`Files that differ from what ${stack} has`, "diff", diff)] : [];
  });
  const heading = `## What ${commit.slice(0, 7)} would change\n`;
  return fitBody(
    [`${PREVIEW_MARK}\n${heading}`, ...sections, ...blocks],
    "_The diff is too long for a comment: see the files of this pull request._",
  );
}

function formatStack(answer: Asked, affected: string[] | undefined): string {
  const { stack } = answer;
  const refused = notPreviewed(answer);
  if (refused) {
    const files = affected?.length ? `Its files touch ${affected.join(", ")}.` : "Its files touch no service.";
    return formatMarkdown(`${stack}: not previewed`, [], refused) + (affected ? `\n${files}\n` : "");
  }
  if (!("run" in answer)) return formatMarkdown(`${stack}: could not tell`, [], answer.problem);
  const { run } = answer;
  const outcomes = toOutcomes(run);
  if (run.state !== "succeeded") return formatMarkdown(`${stack}: the preview ${run.state}`, outcomes, run.cause);
  const touched = outcomes.filter(({ result }) => result !== "unchanged").map(({ service }) => service);
  const title = touched.length === 0 ? "nothing would change" : `would change ${touched.join(", ")}`;
  return formatMarkdown(`${stack}: ${title}`, outcomes);
}
