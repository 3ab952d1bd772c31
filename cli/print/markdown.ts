import { appendFileSync } from "node:fs";
import type { Cause, ServiceOutcome } from "../../automation/domain/run.ts";

const toCell = (text: string) => text.replace(/[\\|<>`*_[\]]/g, "\\$&").replace(/\s*\n\s*/g, " ");

/** The services of a run as Markdown under a heading, with a line for each failure. `cause` is the whole run's. */
export function formatMarkdown(
  title: string,
  outcomes: ServiceOutcome[],
  cause: Pick<Cause, "message" | "hint"> | null = null,
): string {
  const rows = outcomes.map(
    ({ service, result, seconds, reason }) =>
      `| ${toCell(service)} | ${result} | ${seconds === undefined ? "" : `${seconds.toFixed(1)} s`} | ${toCell(reason)} |`,
  );
  const tell = (name: string, { message, hint }: Pick<Cause, "message" | "hint">) =>
    `- **${toCell(name)}**: ${toCell(message)} → ${toCell(hint)}`;
  const failures = outcomes.flatMap(({ service, cause: own }) => (own ? [tell(service, own)] : []));
  if (failures.length === 0 && cause) failures.push(tell("Failed", cause));
  const allowed = outcomes.flatMap(({ service, allows = [] }) =>
    allows.map((text) => `- ⚠️ **${toCell(service)}**: ${toCell(text)}`),
  );
  const table = ["| service | result | time | why |", "|---|---|---|---|", ...rows];
  return [`### ${toCell(title)}`, "", ...(rows.length > 0 ? [...table, ""] : []), ...allowed, ...failures, ""].join(
    "\n",
  );
}

/** Appends a summary to a file, such as the one GitHub Actions shows with the job. */
export function appendSummary(file: string, text: string): void {
  appendFileSync(file, `${text}\n`);
}
