import { isDrift } from "../../automation/domain/drift.ts";
import { formatMarkdown } from "../print/markdown.ts";
import { toOutcomes } from "../runner/outcome.ts";
import type { Asked } from "./ask.ts";
import { fitBody } from "./format.ts";

/** Title of the issue. */
export const DRIFT_TITLE = "Changed by hand on Dokploy";

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
