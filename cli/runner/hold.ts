import type { Command } from "commander";
import { z } from "zod";
import { holdAnswer, holdsAnswer } from "../../automation/api/answers.ts";
import { holdView } from "../../automation/api/views.ts";
import { describeHold } from "../../automation/domain/gates/hold.ts";
import { type RunnerAddress, requestRunner } from "../client.ts";
import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { CliError, wrongUse } from "../problem.ts";
import { readRunnerAddress } from "./address.ts";
import { readAnswer } from "./ask.ts";
import { whoAsks } from "./asker.ts";
import { readStacks } from "./stacks.ts";

interface HoldOptions {
  reason?: string;
  until?: string;
  lift?: boolean;
  json?: boolean;
}

/** `dockmaster hold` */
export function define(command: Command): void {
  command
    .argument("<env>", "the environment, e.g. production")
    .option("--reason <text>", "why nothing shall go forward: shown wherever something waits for it")
    .option("--until <when>", "when it ends by itself: a length of time like 2h, or 2026-01-31T12:00:00Z")
    .option("--lift", "end what holds the environment: the newest release that waited goes on")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nWhile an environment is held, deploys and syncs are accepted and wait; rollbacks, previews and drift checks go on, and nothing is\nhealed. What is under way goes on: dockmaster cancel <run> ends it.\n\nExamples:\n  dockmaster hold production --reason 'the database is moved' --until 2h\n  dockmaster hold production --reason 'freeze' --until 2026-12-27T06:00:00Z --json\n  dockmaster hold production --lift",
    )
    .action(async (env: string, options: HoldOptions) => {
      process.exitCode = options.lift ? await lift(env, options) : await hold(env, options);
    });
}

async function hold(env: string, { reason, until, json }: HoldOptions): Promise<number> {
  if (reason === undefined || reason.trim() === "") {
    throw wrongUse("a hold needs a reason", `Say why: dockmaster hold ${env} --reason '…'; to end one: --lift`);
  }
  const end = until === undefined ? undefined : parseUntil(until, Date.now());
  const body = {
    ...{ env, reason, triggered_by: whoAsks() },
    ...(end === undefined ? {} : { until: new Date(end).toISOString() }),
  };
  const made = readAnswer(holdAnswer, await requestRunner(readRunnerAddress(), "POST", "/holds", { body }));
  if (json) printJson({ command: "hold", ...made });
  else {
    printLines([
      `${printMark("ok")} ${env}: ${toWords(made)}${made.duplicate ? " (it was so already)" : ""}`,
      ...(made.under_way
        ? [`  → run ${made.under_way} is under way and goes on; to end it: dockmaster cancel ${made.under_way}`]
        : []),
      `  → to end the hold: dockmaster hold ${env} --lift`,
    ]);
  }
  return EXIT.done;
}

async function lift(env: string, { reason, until, json }: HoldOptions): Promise<number> {
  if (reason !== undefined || until !== undefined) {
    throw wrongUse("--lift ends holds, and takes neither --reason nor --until", `Write: dockmaster hold ${env} --lift`);
  }
  const runner = readRunnerAddress();
  const path = `/holds?${new URLSearchParams({ env })}`;
  const { holds } = readAnswer(holdsAnswer, await requestRunner(runner, "GET", path));
  // Else a name with a typing error would sound as if nothing held what was meant.
  if (holds.length === 0) await requireStack(env);
  const ended = [];
  for (const { id } of holds) {
    const one = await liftOne(runner, id);
    if (one) ended.push(one);
  }
  if (json) printJson({ command: "hold", env, lifted: ended });
  else if (ended.length === 0) printLines([`${printMark("same")} ${env}: nothing holds it`]);
  else printLines(ended.map((each) => `${printMark("ok")} ${env}: no longer ${toWords(each)}`));
  return EXIT.done;
}

/** Throws CliError (exit code 2) when the runner has no such stack. */
async function requireStack(env: string): Promise<void> {
  const names = (await readStacks()).map((stack) => stack.env);
  if (!names.includes(env)) throw wrongUse(`There is no environment ${env}`, `name one of: ${names.join(", ")}`);
}

/** Undefined when it ended in between. Throws CliError. */
async function liftOne(runner: RunnerAddress, id: string) {
  const answer = await requestRunner(runner, "POST", `/holds/${encodeURIComponent(id)}/lift`, {
    body: { triggered_by: whoAsks() },
  });
  try {
    return readAnswer(holdView, answer);
  } catch (error) {
    if (error instanceof CliError && error.code === "hold_ended") return undefined;
    throw error;
  }
}

function toWords({ by, reason, until }: { by: string; reason: string; until: string | null }): string {
  return describeHold({ by, reason, until: until === null ? null : Date.parse(until) });
}

const days = z.iso.date();
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The moment that `--until` names, in milliseconds since the epoch. Throws CliError (exit code 2). */
export function parseUntil(text: string, now: number): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  // Date.parse takes 30 February for 2 March.
  const isMoment = days.safeParse(text.slice(0, 10)).success && MOMENT.test(text);
  const moment =
    count !== undefined ? now + Number(count) * (UNITS[unit] ?? 0) : isMoment ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw wrongUse(
      `--until ${text} is no moment`,
      "Write e.g. --until 2h, or --until 2026-01-31T12:00:00Z with its time zone",
    );
  }
  if (moment <= now) throw wrongUse(`--until ${text} is over already`, "Name a later moment, or leave --until out");
  return moment;
}
