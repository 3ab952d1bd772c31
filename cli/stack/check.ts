import type { Command } from "commander";
import { runProgram } from "../../tools/run-program.mjs";
import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { CliError, wrongUse } from "../problem.ts";
import { addGiveUp } from "../runner/options.ts";
import type { CheckReport } from "./check-report.ts";
import { findCheckout, requireStack } from "./checkout.ts";

/** `dockmaster check` */
export function define(command: Command): void {
  addGiveUp(command)
    .argument("[stacks...]", "stacks to check (default: every Pulumi.<stack>.yaml but bootstrap)")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nAll mistakes at once, each with its place and what to do. Where Git here knows the stack's last release, a container that\nwould start without the data that it has there is one.\n\nExamples:\n  dockmaster check\n  dockmaster check production --json",
    )
    .action(async (stacks: string[], options: { json?: boolean; giveUp: string[] }) => {
      const checkout = findCheckout();
      for (const stack of stacks) requireStack(checkout, stack);
      const names = stacks.length > 0 ? stacks : checkout.stacks;
      if (names.length === 0) throw wrongUse("There is no stack to check", "Make a Pulumi.<stack>.yaml first");
      const reports = await Promise.all(
        names.map((stack) => checkStack(checkout.folder, stack, undefined, options.giveUp)),
      );
      const ok = reports.every((each) => each.ok);
      if (options.json) printJson({ ok, stacks: reports });
      else printLines(reports.flatMap(toLines));
      process.exitCode = ok ? EXIT.done : EXIT.failed;
    });
}

/** A value that somebody wants to give for a secret. */
interface GivenValue {
  service: string;
  name: string;
  value: string;
}

/**
 * Runs the checkout's own check of a stack, or of one value for a secret of it. `giveUp`: full names of volumes that containers may
 * start without. Throws CliError when it breaks down.
 */
export async function checkStack(
  folder: string,
  stack: string,
  given?: GivenValue,
  giveUp: string[] = [],
): Promise<CheckReport> {
  const words = given ? ["--value-of", given.service, given.name] : giveUp.map((name) => `--give-up=${name}`);
  // What reads the report is loaded while the report is made.
  const [{ code, stdout, stderr }, { checkReport }] = await Promise.all([
    runProgram(process.execPath, ["stacks/check.ts", stack, ...words, "--json"], {
      cwd: folder,
      ...(given && { input: given.value }),
    }),
    import("./check-report.ts"),
  ]);
  const parsed = checkReport.safeParse(parseJson(stdout));
  // A report that its exit code contradicts is none.
  if (parsed.success && parsed.data.ok === (code === 0)) return parsed.data;
  throw new CliError(
    "check_broken",
    `stacks/check.ts broke down on ${stack}:\n${stderr.trim().slice(-2000)}`,
    "Fix the program at the place it names",
  );
}

/** Like checkStack, for commands that need a stack without mistakes. Throws CliError. */
export async function requireSound(folder: string, stack: string): Promise<CheckReport> {
  const report = await checkStack(folder, stack);
  if (report.ok) return report;
  throw new CliError("config_invalid", `Pulumi.${stack}.yaml has mistakes`, `See them: dockmaster check ${stack}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toLines({ stack, ok, problems, notes, services }: CheckReport): string[] {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `${printMark(ok ? "ok" : "failed")} ${stack}: ${ok ? `${services.join(", ")} in order` : count}`,
    ...problems.map(({ file, line, column, message, hint }) => {
      const place = [file, line, column].filter((part) => part !== undefined).join(":");
      return `  ${place}  ${message}\n      → ${hint}`;
    }),
    ...notes.map((note) => `  note: ${note}`),
  ];
}
