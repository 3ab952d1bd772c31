import type { Command } from "commander";
import { findCheckout, requireStack } from "./checkout.ts";
import { createStack } from "./engine.ts";
import { type PresentOptions, presentRun, progressFor } from "./present.ts";
import { runOnStack } from "./stack-run.ts";

/** `dockmaster preview` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nLooks at Dokploy too, so what was changed by hand shows as a change. Nothing is changed.\n\nExamples:\n  dockmaster preview staging\n  dockmaster preview production --diff",
    )
    .action(async (stack: string, options: PresentOptions & { create?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      if (options.create) await createStack(checkout, stack);
      process.exitCode = presentRun(
        stack,
        "preview",
        await runOnStack(checkout, stack, previewWords(options), progressFor(options)),
        { ...options, planned: true },
      );
    });
}

/** The engine's words for a preview that looks at Dokploy. */
export function previewWords({ diff }: PresentOptions): string[] {
  return ["preview", "--refresh", ...(diff ? ["--diff"] : [])];
}
