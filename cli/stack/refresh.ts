import type { Command } from "commander";
import { isDrift } from "../../automation/domain/drift.ts";
import { WORDS } from "../../automation/engine/command.ts";
import { EXIT } from "../exit.ts";
import { presentDrift } from "../print/drift.ts";
import { printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { findCheckout, requireStack } from "./checkout.ts";
import { askToGoOn, requireAnswers } from "./confirm.ts";
import { lookForDrift, toDrift } from "./drift.ts";
import type { PresentOptions } from "./run/present.ts";
import { runOnStack } from "./run/stack-run.ts";

/** `dockmaster refresh` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("-y, --yes", "do not ask")
    .option(
      "--clear-pending-creates",
      "forget creations that an engine was killed in; what was made is found again by name",
    )
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nAn update refreshes by itself; this is for looking into the state afterwards. Only the state is written.\n\nExamples:\n  dockmaster refresh staging\n  dockmaster refresh staging --yes --json\n  dockmaster refresh staging --clear-pending-creates",
    )
    .action(async (stack: string, options: RefreshOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      if (!options.yes) {
        const found = toDrift(stack, await lookForDrift(checkout, stack, options), options);
        presentDrift(found, options);
        if (!found.ok) process.exitCode = EXIT.failed;
        if (!found.ok || !(options.clearPendingCreates || found.services.some(isDrift))) return;
        await askToGoOn(`Take this into the state of ${stack}?`);
      }
      const words: string[] = [...WORDS.refresh];
      if (options.clearPendingCreates) words.push("--clear-pending-creates");
      if (options.diff) words.push("--diff");
      const run = await runOnStack(checkout, stack, words, progressFor(options));
      if (options.yes || !run.ok) presentDrift(toDrift(stack, run, options), options);
      else printLines(["The state holds it now."]);
      process.exitCode = run.ok ? EXIT.done : EXIT.failed;
    });
}

type RefreshOptions = PresentOptions & { yes?: boolean; clearPendingCreates?: boolean };
