import { appendFileSync } from "node:fs";
import type { Command } from "commander";
import { isDrift } from "../../automation/domain/drift.ts";
import { formatMarkdown } from "../print/markdown.ts";
import { printLines } from "../print/print.ts";
import { whoAsks } from "../runner/asker.ts";
import { toOutcomes } from "../runner/outcome.ts";
import { parseTimeout } from "../runner/request-run.ts";
import { type Asked, askEach, exitCodeOf } from "./ask.ts";
import { fitBody } from "./format.ts";
import { gh } from "./gh.ts";

/** Names the one issue; made when it is not there. */
const LABEL = "drift";

/** `github drift` */
export function define(command: Command): void {
  command
    .argument("<stacks...>", "the stacks to look at")
    .option("--timeout <seconds>", "how long to wait for each stack", "900")
    .option("--summary <file>", "append the report to a file, e.g. $GITHUB_STEP_SUMMARY")
    .action(async (stacks: string[], options: { timeout: string; summary?: string }) => {
      process.exitCode = await reportDrift(stacks, options);
    });
}

/**
 * Looks for drift on every stack; opens or updates the issue when there is some, closes it when every stack is as its
 * last update left it. Returns the exit code: 1 when a stack could not be looked at; drift itself is told by the issue.
 */
async function reportDrift(stacks: string[], options: { timeout: string; summary?: string }): Promise<number> {
  const answers = await askEach(stacks, {
    path: "/drift",
    body: { triggered_by: whoAsks() },
    timeoutSeconds: parseTimeout(options.timeout),
  });
  const report = formatDrift(answers);
  if (options.summary !== undefined) appendFileSync(options.summary, report);
  const list = ["issue", "list", "--label", LABEL, "--state", "open", "--limit", "1", "--json", "number"];
  const [open] = (await gh([...list, "--jq", ".[].number"])).split("\n").filter(Boolean);
  switch (assessDrift(answers)) {
    case "drift":
      if (open !== undefined) await gh(["issue", "edit", open, "--body-file", "-"], { input: report });
      else await openIssue(report);
      printLines(["There is drift: the issue says what."]);
      break;
    case "none":
      if (open !== undefined) {
        const comment = "Every stack is as its last update left it.";
        await gh(["issue", "close", open, "--comment", comment]);
      }
      printLines(["There is no drift."]);
      break;
    case "unknown":
      printLines(["Not every stack could be looked at; the issue stays as it is."]);
  }
  return exitCodeOf(answers);
}

async function openIssue(report: string): Promise<void> {
  await gh(["label", "create", LABEL, "--force", "--description", "Changed by hand on Dokploy", "--color", "d93f0b"]);
  const words = ["issue", "create", "--title", DRIFT_TITLE, "--label", LABEL, "--body-file", "-"];
  await gh(words, { input: report });
}

/** Title of the issue. */
const DRIFT_TITLE = "Changed by hand on Dokploy";

/** What all stacks together say. One that could not be looked at may hide drift, but never takes back what another showed. */
export function assessDrift(answers: Asked[]): "drift" | "none" | "unknown" {
  if (answers.some(hasDrift)) return "drift";
  return answers.every((each) => "run" in each && each.run.state === "succeeded") ? "none" : "unknown";
}

function hasDrift(answer: Asked): boolean {
  return "run" in answer && answer.run.state === "succeeded" && toOutcomes(answer.run).some(isDrift);
}

/** The report: a section for every stack. */
export function formatDrift(answers: Asked[]): string {
  const sections = answers.map((answer) => {
    const { stack } = answer;
    if (!("run" in answer)) return formatMarkdown(`${stack}: could not tell`, [], answer.problem);
    const { run } = answer;
    const outcomes = toOutcomes(run);
    if (run.state !== "succeeded") return formatMarkdown(`${stack}: the check ${run.state}`, outcomes, run.cause);
    if (!hasDrift(answer)) return `### ${stack}: as its last update left it\n`;
    const fix = `Fix it: \`dockmaster sync ${stack} --wait\`. Keep it: put the change into Git.\n`;
    return `${formatMarkdown(`${stack}: drift`, outcomes.filter(isDrift))}\n${fix}`;
  });
  return fitBody(sections, "_More stacks than fit here._");
}
