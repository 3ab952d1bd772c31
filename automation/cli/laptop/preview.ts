import type { Command } from "commander";
import { progressFor } from "../print/progress.ts";
import type { RunnerPreviewOptions } from "../runner/preview.ts";
import { findCheckout, requireStack } from "./checkout.ts";
import { createStack } from "./engine.ts";
import { type PresentOptions, presentRun } from "./present.ts";
import { runOnStack } from "./stack-run.ts";

type PreviewOptions = PresentOptions & RunnerPreviewOptions & { create?: boolean; runner?: boolean };

/** `dockmaster preview` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--runner", "let the runner preview, instead of the engine here; needs --tag or --commit")
    .option("--tag <tag>", "with --runner: the release")
    .option("--commit <sha>", "with --runner: a commit of the repository, by its full id")
    .option("--timeout <seconds>", "with --runner: how long to wait", "600")
    .option("--summary <file>", "with --runner: append a table in Markdown, e.g. $GITHUB_STEP_SUMMARY")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nLooks at Dokploy too, so what was changed by hand shows as a change. Nothing is changed.\n\nExamples:\n  dockmaster preview staging\n  dockmaster preview production --diff\n  dockmaster preview production --runner --tag v1.2.4",
    )
    .action(async (stack: string, options: PreviewOptions) => {
      if (options.runner) {
        const { askForPreview } = await import("../runner/preview.ts");
        process.exitCode = await askForPreview(stack, options);
        return;
      }
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
