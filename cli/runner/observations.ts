import type { Command } from "commander";
import type { z } from "zod";
import { observationEvent, observationsAnswer } from "../../automation/api/answers.ts";
import type { observationView } from "../../automation/api/views.ts";
import { openEventStream, type RunnerAddress, requestRunner } from "../client.ts";
import { EXIT } from "../exit.ts";
import { formatAge } from "../print/duration.ts";
import { type Mark, printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatTable } from "../print/table.ts";
import { readRunnerAddress } from "./address.ts";
import { readAnswer } from "./ask.ts";
import { followStream } from "./follow/follow-stream.ts";
import { parseTimeout } from "./request-run.ts";

type ObservationView = z.output<typeof observationView>;
type Observations = z.output<typeof observationsAnswer>;

interface Options {
  follow?: boolean;
  limit: string;
  before?: string;
  timeout: string;
  json?: boolean;
}

/** `dockmaster observations` */
export function define(command: Command): void {
  command
    .argument("<env>", "the environment, e.g. production")
    .option("-f, --follow", "show what happens from now on, until Ctrl-C or --timeout")
    .option("--timeout <seconds>", "how long to follow", "86400")
    .option("--limit <number>", "how many of those that are over, newest first", "20")
    .option("--before <id>", "the page after this one")
    .option("--json", "print one JSON document; with --follow one per line")
    .addHelpText(
      "after",
      "\nExit code 1 when something is open that a second look confirmed.\n\nExamples:\n  dockmaster observations production\n  dockmaster observations production --follow --json",
    )
    .action(async (env: string, options: Options) => {
      const runner = readRunnerAddress();
      if (options.follow) return followObservations(runner, env, options);
      const page = await readObservations(runner, env, options);
      if (options.json) printJson(page);
      else printLines(formatObservations(page, Date.now()));
      process.exitCode = page.open.some(isConfirmed) ? EXIT.failed : EXIT.done;
    });
}

function isConfirmed({ confirmed_at }: ObservationView): boolean {
  return confirmed_at !== null;
}

async function readObservations(runner: RunnerAddress, env: string, { limit, before }: Options): Promise<Observations> {
  const query = new URLSearchParams({ limit, ...(before === undefined ? {} : { before }) });
  return readAnswer(observationsAnswer, await requestRunner(runner, "GET", `${toPath(env)}?${query}`));
}

function toPath(env: string): string {
  return `/stacks/${encodeURIComponent(env)}/observations`;
}

/** Shows what is confirmed and over as it happens. What happened before is left out. */
async function followObservations(runner: RunnerAddress, env: string, { timeout, json }: Options): Promise<void> {
  const seconds = parseTimeout(timeout);
  const since = Date.now();
  // Says at once when there is no such environment.
  await readObservations(runner, env, { limit: "1", timeout });
  const until = AbortSignal.timeout(seconds * 1000);
  const open = (lastEventId: string | undefined) =>
    openEventStream(runner, toPath(env), { signal: until, ...(lastEventId === undefined ? {} : { lastEventId }) });
  await followStream(
    open,
    ({ type, data }) => {
      const event = observationEvent.safeParse(JSON.parse(data));
      if (!event.success || Date.parse(event.data.at) < since) return;
      if (json) printJson({ event: type, ...event.data });
      else printLines([formatEvent(type, event.data)]);
    },
    until,
  );
}

function formatEvent(type: string, { at, data }: z.output<typeof observationEvent>): string {
  const mark: Mark = type === "over" ? "ok" : "failed";
  return `${at.slice(11, 19)}  ${printMark(mark)} ${data.service}: ${type === "over" ? "over: " : ""}${data.found}`;
}

/** What is open, then what is over. `now` is in milliseconds since the epoch. */
export function formatObservations({ watch, open, ended, next }: Observations, now: number): string[] {
  const ago = (time: string | null) => (time === null ? "" : formatAge(now - Date.parse(time)));
  const rows = [...open, ...ended].map((each) => [
    `${printMark(each.ended_at !== null ? "ok" : isConfirmed(each) ? "failed" : "skipped")} ${each.service}`,
    each.kind,
    ago(each.seen_at),
    each.ended_at !== null ? ago(each.ended_at) : isConfirmed(each) ? "no" : "a second look decides",
    each.found,
  ]);
  const table = rows.length > 0 ? ["", ...formatTable(["  service", "what", "seen ago", "over", "found"], rows)] : [];
  return [describeWatch(watch, now), ...table, ...(next === null ? [] : ["", `More: --before ${next}`])];
}

/** How a stack was when it was looked at last, as a sentence. */
export function describeWatch({ state, since, why }: Observations["watch"], now: number): string {
  const age = since === null ? "" : ` for ${formatAge(now - Date.parse(since))}`;
  switch (state) {
    case "left":
      return `As the last update left it${age}.`;
    case "found":
      return `Not as the last update left it${age}.`;
    case "starting":
      return `Something is starting${age}: it is judged when it runs.`;
    case "unknown":
      return `How it is cannot be told${age}: ${why ?? "the runner does not say why"}`;
    case "not_watched":
      return `Not watched: ${why ?? "the runner does not say why"}`;
  }
}
