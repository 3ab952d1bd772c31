import type { Command } from "commander";
import { EXIT } from "../../exit.ts";
import { type Mark, printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { progressFor } from "../../print/progress.ts";
import { CliError } from "../../problem.ts";
import { checkStack } from "../check.ts";
import { type Checkout, findCheckout, requireStack } from "../checkout.ts";
import { readAccess } from "../servers.ts";
import { broken, type Finding, ok } from "./finding.ts";
import { examineNetworks } from "./networks.ts";
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
      const findings = await examine(checkout, names.length > 0 ? names : checkout.stacks).finally(() => live.close());
      const well = findings.every(({ state }) => state !== "broken");
      if (options.json) printJson({ ok: well, findings });
      else printLines(formatFindings(findings));
      process.exitCode = well ? EXIT.done : EXIT.failed;
    });
}

async function examine(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const tools = await examineTools(checkout.folder);
  // Without an engine neither secrets of a stack's file nor the state can be read.
  const hasEngine = tools.every(({ state }) => state === "ok");
  const [configs, servers, state, runner] = await Promise.all([
    Promise.all(stacks.map((stack) => examineConfig(checkout, stack))),
    hasEngine ? examineServers(checkout, stacks) : [],
    hasEngine ? examineState(checkout, stacks) : [],
    examineRunner(),
  ]);
  return [...tools, ...configs, ...servers, ...state, runner];
}

async function examineConfig({ folder }: Checkout, stack: string): Promise<Finding> {
  const name = `${stack}: config`;
  try {
    const report = await checkStack(folder, stack);
    if (report.ok) return ok(name, report.services.join(", "));
    const count = report.problems.length === 1 ? "1 problem" : `${report.problems.length} problems`;
    return broken(name, count, `dockmaster check ${stack}`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return broken(name, "the program breaks down", `dockmaster check ${stack}`);
  }
}

/** What each stack leans on; said once where stacks share it. */
async function examineServers(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const all = await Promise.all(stacks.map(async (stack) => ({ stack, access: await readAccess(checkout, stack) })));
  const dokploy = ["DOKPLOY_URL", "DOKPLOY_API_KEY"];
  const groups = await Promise.all([
    eachOnce(all, ["PLATFORM_KEY"], examineKey),
    eachOnce(all, dokploy, examineDokploy),
    eachOnce(all, dokploy, examineNetworks),
    eachOnce(all, ["VAULT_ADDR", "VAULT_TOKEN"], examineVault),
  ]);
  return groups.flat();
}

async function eachOnce(
  all: { stack: string; access: NodeJS.ProcessEnv }[],
  variables: string[],
  examineOne: (access: NodeJS.ProcessEnv) => Promise<Finding> | Finding,
): Promise<Finding[]> {
  const groups = Map.groupBy(all, ({ access }) => JSON.stringify(variables.map((name) => access[name])));
  return await Promise.all(
    [...groups.values()].map(async (same) => {
      const [{ access } = { access: {} }] = same;
      const finding = await examineOne(access);
      const stacks = same.map(({ stack }) => stack).join(", ");
      return groups.size === 1 ? finding : { ...finding, name: `${stacks}: ${finding.name}` };
    }),
  );
}

function examineKey({ PLATFORM_KEY }: NodeJS.ProcessEnv): Finding {
  if (PLATFORM_KEY) return ok("platform key", "set");
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
