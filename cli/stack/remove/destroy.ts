import type { Command } from "commander";
import { EXIT } from "../../exit.ts";
import { printLines } from "../../print/print.ts";
import { progressFor } from "../../print/progress.ts";
import { findCheckout, requireStack } from "../checkout.ts";
import { askForName, requireAnswers } from "../confirm.ts";
import { type PresentOptions, presentRun } from "../run/present.ts";
import { runOnStack } from "../run/stack-run.ts";

/** `dockmaster destroy` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("-y, --yes", "neither preview nor ask")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nServices with data are left running and only leave the state; no volume is ever deleted by this.\nFor good: dockmaster remove <stack> <service>\n\nExamples:\n  dockmaster destroy staging\n  dockmaster destroy staging --yes",
    )
    .action(async (stack: string, options: PresentOptions & { yes?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      const diff = options.diff ? ["--diff"] : [];
      if (!options.yes) {
        const words = ["destroy", "--preview-only", ...diff];
        const plan = await runOnStack(checkout, stack, words, progressFor(options));
        process.exitCode = presentRun(stack, "preview", plan, { ...options, planned: true });
        if (process.exitCode !== EXIT.done) return;
        await askForName(`This takes ${stack} down.`, stack);
      }
      const words = ["destroy", "--skip-preview", "--yes", "--continue-on-error", ...diff];
      const run = await runOnStack(checkout, stack, words, progressFor(options));
      process.exitCode = presentRun(stack, "destroy", run, options);
      if (!options.json) printLines(["  Volumes stay on the server, and the stack's history in the state backend."]);
    });
}
