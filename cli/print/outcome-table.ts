import type { ServiceOutcome, ServiceResult } from "../../automation/domain/run.ts";
import { formatDuration } from "./duration.ts";
import { type Mark, printMark } from "./live.ts";
import { formatTable } from "./table.ts";

/** How a result looks. */
export const RESULT_MARKS: Record<ServiceResult, Mark> = {
  created: "ok",
  changed: "ok",
  unchanged: "same",
  deleted: "ok",
  retained: "same",
  failed: "failed",
  skipped: "skipped",
  canceled: "skipped",
};

/** What a preview says instead: nothing has happened yet. */
const PLANNED: Partial<Record<ServiceResult, string>> = {
  created: "create",
  changed: "change",
  unchanged: "equal",
  deleted: "delete",
  retained: "leave running",
};

/** The services of a stack as a table, and below it what to do about those that failed. */
export function formatOutcomes(outcomes: ServiceOutcome[], { planned = false } = {}): string[] {
  const rows = outcomes.map(({ service, result, reason, seconds }) => [
    `${printMark(RESULT_MARKS[result])} ${service}`,
    (planned && PLANNED[result]) || result,
    seconds === undefined || planned ? "" : formatDuration(seconds * 1000),
    reason,
  ]);
  const table = formatTable(["  service", "result", "time", "why"], rows);
  const allowed = outcomes.flatMap(({ service, allows = [] }) =>
    allows.map((text) => `${printMark("skipped")} ${service}: ${text}`),
  );
  return [...table, ...(allowed.length > 0 ? ["", ...allowed] : []), ...outcomes.flatMap(explainFailure)];
}

function explainFailure({ service, cause }: ServiceOutcome): string[] {
  if (!cause) return [];
  const tail = (cause.logTail ?? []).map((line) => `    ${line}`);
  return ["", `${printMark("failed")} ${service}: ${cause.message}`, ...tail, `  → ${cause.hint}`];
}
