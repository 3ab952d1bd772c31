import type { Command } from "commander";
import type { RunView } from "../../automation/api/views.ts";
import { kindsWith } from "../../automation/domain/run-kinds.ts";
import { formatAge, formatDuration } from "../print/duration.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatTable } from "../print/table.ts";
import { readRunnerAddress } from "./address.ts";
import { type RunsQuery, readRuns } from "./ask.ts";
import { wordGate } from "./present.ts";

/** `dockmaster runs` */
export function define(command: Command): void {
  command
    .option("--env <env>", "only of this environment")
    .option("--state <state>", "only in this state: queued, running, succeeded, failed, canceled, superseded, waiting")
    .option("--kind <kind>", `only of this kind: ${kindsWith().join(", ")}`)
    .option("--limit <number>", "how many, newest first", "20")
    .option("--before <run>", "the page after this run")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  dockmaster runs --env production\n  dockmaster runs --state failed --json")
    .action(async (options: Omit<RunsQuery, "limit"> & { limit: string; json?: boolean }) => {
      const { json, limit, ...query } = options;
      const page = await readRuns(readRunnerAddress(), { ...query, limit: Number(limit) });
      if (json) printJson(page);
      else printLines(formatRuns(page.runs, page.next, Date.now()));
    });
}

/** Runs as a table. `now` is in milliseconds since the epoch. */
export function formatRuns(runs: RunView[], next: string | null, now: number): string[] {
  if (runs.length === 0) return ["There are no such runs."];
  const rows = runs.map((run) => [
    run.id,
    run.env,
    run.rollback ? "rollback" : run.kind,
    run.tag ?? run.commit.slice(0, 7),
    run.state,
    formatAge(now - Date.parse(run.created_at)),
    run.duration === null ? "" : formatDuration(run.duration * 1000),
    run.triggered_by,
    (run.gate && wordGate(run.gate)) ?? run.cause?.message ?? run.reason ?? "",
  ]);
  const table = formatTable(["run", "env", "kind", "release", "state", "ago", "took", "by", "why"], rows);
  return next === null ? table : [...table, "", `More: --before ${next}`];
}
