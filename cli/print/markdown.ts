import { appendFileSync } from "node:fs";
import type { Cause, ServiceOutcome } from "../../automation/domain/run.ts";
import { markdownWords } from "../../text/markdown.ts";

/** The services of a run as Markdown under a heading, with a line for each failure. `cause` is the whole run's. */
export function formatMarkdown(
  title: string,
  outcomes: ServiceOutcome[],
  cause: Pick<Cause, "message" | "hint"> | null = null,
): string {
  const rows = outcomes.map(
    ({ service, result, seconds, reason }) =>
      `| ${markdownWords(service)} | ${result} | ${seconds === undefined ? "" : `${seconds.toFixed(1)} s`} | ${markdownWords(reason)} |`,
  );
  const tell = (name: string, { message, hint }: Pick<Cause, "message" | "hint">) =>
    `- **${markdownWords(name)}**: ${markdownWords(message)} → ${markdownWords(hint)}`;
  const failures = outcomes.flatMap(({ service, cause: own }) => (own ? [tell(service, own)] : []));
  if (failures.length === 0 && cause) failures.push(tell("Failed", cause));
  const allowed = outcomes.flatMap(({ service, allows = [] }) =>
    allows.map((text) => `- ⚠️ **${markdownWords(service)}**: ${markdownWords(text)}`),
  );
  const table = ["| service | result | time | why |", "|---|---|---|---|", ...rows];
  return [
    `### ${markdownWords(title)}`,
    "",
    ...(rows.length > 0 ? [...table, ""] : []),
    ...allowed,
    ...failures,
    "",
  ].join("\n");
}

/** Appends a summary to a file, such as the one GitHub Actions shows with the job. */
export function appendSummary(file: string, text: string): void {
  appendFileSync(file, `${text}\n`);
}
