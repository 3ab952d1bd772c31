import { formatMarkdown } from "../print/markdown.ts";
import { toOutcomes } from "../runner/outcome.ts";
import type { Asked } from "./ask.ts";
import { fitBody, formatBlock } from "./format.ts";

/** The comment's first line, by which the next run finds it. */
export const PREVIEW_MARK = "<!-- dockmaster preview -->";

/** The comment: a table for every stack, and what differs in Git where something would change. */
export function formatPreview(facts: { commit: string; answers: Asked[]; diffs: Map<string, string> }): string {
  const { commit, answers, diffs } = facts;
  const sections = answers.map((answer) => formatStack(answer));
  const blocks = answers.flatMap(({ stack }) => {
    const diff = diffs.get(stack);
    return diff ? [formatBlock(`Files that differ from what ${stack} has`, "diff", diff)] : [];
  });
  const heading = `## What ${commit.slice(0, 7)} would change\n`;
  return fitBody(
    [`${PREVIEW_MARK}\n${heading}`, ...sections, ...blocks],
    "_The diff is too long for a comment: see the files of this pull request._",
  );
}

function formatStack(answer: Asked): string {
  const { stack } = answer;
  if (!("run" in answer)) return formatMarkdown(`${stack}: could not tell`, [], answer.problem);
  const { run } = answer;
  const outcomes = toOutcomes(run);
  if (run.state !== "succeeded") return formatMarkdown(`${stack}: the preview ${run.state}`, outcomes, run.cause);
  const touched = outcomes.filter(({ result }) => result !== "unchanged").map(({ service }) => service);
  const title = touched.length === 0 ? "nothing would change" : `would change ${touched.join(", ")}`;
  return formatMarkdown(`${stack}: ${title}`, outcomes);
}
