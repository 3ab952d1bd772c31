import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { assessDrift, hasDrift } from "./drift-report.ts";
import { type PresentOptions, progressFor } from "./present.ts";
import { presentDrift } from "./present-drift.ts";
import { runOnStack, type StackRun } from "./stack-run.ts";

/** `dockmaster drift` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nCompares Dokploy with the last update. Writes nothing. Exit code 1 when there is drift.\n\nExamples:\n  dockmaster drift staging\n  dockmaster drift production --json",
    )
    .action(async (stack: string, options: PresentOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      const run = await lookForDrift(checkout, stack, options);
      const code = presentDrift(stack, run, options);
      process.exitCode = run.ok && assessDrift(run.records).some(hasDrift) ? EXIT.failed : code;
    });
}

/** Compares Dokploy with the state, without writing to either. */
export function lookForDrift(checkout: Checkout, stack: string, options: PresentOptions): Promise<StackRun> {
  // `--expect-no-changes` is not needed: what differs is read from the events.
  const words = ["refresh", "--preview-only", ...(options.diff ? ["--diff"] : [])];
  return runOnStack(checkout, stack, words, progressFor(options));
}
