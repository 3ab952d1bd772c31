import type { Command } from "commander";
import { EXIT } from "../../exit.ts";
import { type Mark, printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { progressFor } from "../../print/progress.ts";
import { checkStack } from "../check.ts";
import { type Checkout, findCheckout, requireStack } from "../checkout.ts";
import { readAccess } from "../stack-config.ts";
import { broken, type Finding, ok } from "./finding.ts";
import { examineDokploy, examineRunner, examineVault } from "./servers.ts";
import { examineState } from "./state.ts";
import { examineTools } from "./tools.ts";

/** `dockmaster doctor` */
export function define(command: Command): void {
  command
    .argument("[stacks...]", "stacks to look at (default: all)")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nLooks at everything an update needs and changes nothing. Exit code 1 when something is broken.\n\nExamples:\n  dockmaster doctor\n  dockmaster doctor production --json",
    )
    .action(async (names: string[], options: { json?: boolean }) => {
      const checkout = findCheckout();
      for (const stack of names) requireStack(checkout, stack);
      const live = progressFor(options);
      live.start("doctor", "looking at tools, servers and state");
      const findings = await examine(checkout, names.length > 0 ? names : checkout.stacks);
      live.close();
      const well = findings.every(({ state }) => state !== "broken");
      if (options.json) printJson({ ok: well, findings });
      else printLines(formatFindings(findings));
      process.exitCode = well ? EXIT.done : EXIT.failed;
    });
}

async function examine(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const tools = await examineTools(checkout.folder);
  const hasEngine = tools.every(({ state }) => state === "ok");
  const access = await readAccess(checkout, stacks[0]);
  const groups = await Promise.all([
    Promise.all(stacks.map((stack) => examineConfig(checkout, stack))),
    [examineKey(process.env)],
    examineDokploy(access.dokploy).then((each) => [each]),
    examineVault(access.vault.address, access.vault.token).then((each) => [each]),
    hasEngine ? examineState(checkout, stacks) : [],
    examineRunner().then((each) => [each]),
  ]);
  return [...tools, ...groups.flat()];
}

async function examineConfig({ folder }: Checkout, stack: string): Promise<Finding> {
  const name = `${stack}: config`;
  const report = await checkStack(folder, stack);
  if (report.ok) return ok(name, report.services.join(", "));
  const count = report.problems.length === 1 ? "1 problem" : `${report.problems.length} problems`;
  return broken(name, count, `dockmaster check ${stack}`);
}

function examineKey(env: NodeJS.ProcessEnv): Finding {
  if (env.PLATFORM_KEY) return ok("platform key", "set");
  return broken(
    "platform key",
    "PLATFORM_KEY is not set",
    "export PLATFORM_KEY=… (the one the platform was made with)",
  );
}

const MARKS: Record<Finding["state"], Mark> = { ok: "ok", warning: "skipped", broken: "failed", skipped: "same" };

function formatFindings(findings: Finding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.flatMap(({ name, state, found, fix }) => [
    `${printMark(MARKS[state])} ${name.padEnd(width)}  ${found}`,
    ...(fix === undefined ? [] : [`  ${" ".repeat(width)}  → ${fix}`]),
  ]);
}
