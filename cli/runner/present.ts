import type { RunView } from "../../automation/api/views.ts";
import { describeHold } from "../../automation/domain/gates/hold.ts";
import { EXIT } from "../exit.ts";
import { formatDuration } from "../print/duration.ts";
import { printMark } from "../print/live.ts";
import { appendSummary, formatMarkdown } from "../print/markdown.ts";
import { formatOutcomes } from "../print/outcome-table.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatWaysIn } from "../print/ways-in.ts";
import { toOutcomes } from "./outcome.ts";

/** A run that ended, or one that goes on without us. `superseded`: what the runner said when it refused to go back. */
export type Watched =
  | { run: RunView; superseded?: { by: string; message: string; hint: string } }
  | { goesOn: { id: string; env: string; gate?: RunView["gate"] } };

/** What holds a run back, in words. */
export function wordGate({ by, reason, until }: NonNullable<RunView["gate"]>): string {
  return describeHold({ by, reason, until: until === null ? null : Date.parse(until) });
}

/** How a command about a run is presented. */
export interface RunPresentation {
  /** `deploy`, `sync`, … */
  command: string;
  json?: boolean;
  /** Services to show; null for all. What failed is shown in any case. */
  only: string[] | null;
  /** File to append a table in Markdown to. */
  summary?: string;
  /** The run changed nothing: it tells what would be. */
  planned?: boolean;
}

const STATUS: Partial<Record<RunView["state"], string>> = { succeeded: "success" };

/** Prints how a run came out. Returns the exit code: a superseded run is no failure, the newer one counts. */
export function presentWatched(watched: Watched, options: RunPresentation): number {
  if ("goesOn" in watched) return presentGoingOn(watched.goesOn, options);
  const { run, superseded } = watched;
  const ok = run.state === "succeeded" || run.state === "superseded";
  const { command, json, only, summary } = options;
  if (summary !== undefined) {
    const title = `${command} of ${run.env}, ${run.tag ?? run.commit.slice(0, 7)}: ${run.state}`;
    appendSummary(summary, formatMarkdown(title, toOutcomes(run, only), run.cause));
  }
  if (json) {
    printJson({ command, ...toDocument(run, only), ...(superseded ? { superseded_by: superseded.by } : {}) });
  } else {
    printLines(formatRun(run, options));
    if (superseded) printLines([`  ${superseded.message}`, `  → ${superseded.hint}`]);
  }
  return ok ? EXIT.done : EXIT.failed;
}

function presentGoingOn(
  { id, env, gate }: Extract<Watched, { goesOn: object }>["goesOn"],
  { command, json }: RunPresentation,
): number {
  if (json) printJson({ command, status: gate ? "waiting" : "in_progress", run: id, env, ...(gate ? { gate } : {}) });
  else {
    printLines([
      `${printMark("skipped")} ${env}: the run ${gate ? `waits: ${wordGate(gate)}` : "goes on without this command"}`,
      `  → see it with: dockmaster logs ${id} -f    end it with: dockmaster cancel ${id}`,
    ]);
  }
  return EXIT.stillRunning;
}

/** A run for programs. */
export function toDocument(run: RunView, only: string[] | null) {
  const { id, state, kind, env, tag, commit, duration, triggered_by, cause, superseded_by, by } = run;
  const services = toOutcomes(run, only);
  return {
    status: STATUS[state] ?? state,
    ...{ run: id, kind, env, tag, commit, duration, triggered_by, services, cause, superseded_by },
    ...(by && { by }),
  };
}

/** A run for people. */
export function formatRun(run: RunView, options: Pick<RunPresentation, "only" | "planned">): string[] {
  const { state, cause, env, kind, superseded_by } = run;
  const name = `${kind} of ${run.tag ?? run.commit.slice(0, 7)}`;
  if (state === "superseded") {
    const by = superseded_by === null ? "by a newer release" : `by run ${superseded_by}`;
    return [`${printMark("same")} ${env}: ${name} was superseded ${by}: nothing was done`];
  }
  const outcomes = toOutcomes(run, options.only);
  const planned = options.planned === true;
  const waysIn = planned ? [] : formatWaysIn(env, outcomes);
  const table = outcomes.length > 0 ? [...formatOutcomes(outcomes, { planned }), ...waysIn, ""] : [];
  const took = run.duration === null ? "" : ` in ${formatDuration(run.duration * 1000)}`;
  const named = outcomes.some((outcome) => outcome.cause?.message === cause?.message);
  return [
    ...table,
    `${printMark(state === "succeeded" ? "ok" : "failed")} ${env}: ${name} ${state}${took}${run.by === "look" ? ": a look found nothing to do" : ""} (run ${run.id})`,
    ...(cause && !named ? [`  ${cause.message}`, ...(cause.log ?? []).map((line) => `    ${line}`)] : []),
    ...(cause && !named ? [`  → ${cause.hint}`] : []),
  ];
}
