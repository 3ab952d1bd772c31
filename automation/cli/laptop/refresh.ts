import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { printLines } from "../print/print.ts";
import { findCheckout, requireStack } from "./checkout.ts";
import { askToGoOn, requireAnswers } from "./confirm.ts";
import { lookForDrift } from "./drift.ts";
import { assessDrift, hasDrift } from "./drift-report.ts";
import { type PresentOptions, progressFor } from "./present.ts";
import { presentDrift } from "./present-drift.ts";
import { runOnStack } from "./stack-run.ts";

/** `dockmaster refresh` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("-y, --yes", "do not ask")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nAn update refreshes by itself; this is for looking into the state afterwards. Only the state is written.\n\nExamples:\n  dockmaster refresh staging\n  dockmaster refresh staging --yes --json",
    )
    .action(async (stack: string, options: PresentOptions & { yes?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      if (!options.yes) {
        const found = await lookForDrift(checkout, stack, options);
        process.exitCode = presentDrift(stack, found, options);
        if (process.exitCode !== EXIT.done || !assessDrift(found.records).some(hasDrift)) return;
        await askToGoOn(`Take this into the state of ${stack}?`);
      }
      const words = ["refresh", "--skip-preview", "--yes", ...(options.yes && options.diff ? ["--diff"] : [])];
      const run = await runOnStack(checkout, stack, words, progressFor(options));
      if (options.yes || !run.ok) process.exitCode = presentDrift(stack, run, options);
      else printLines(["The state holds it now."]);
    });
}
