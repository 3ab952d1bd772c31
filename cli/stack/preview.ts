import type { Command } from "commander";
import { refuseUnknown } from "../../automation/domain/give-up.ts";
import { WORDS } from "../../automation/engine/command.ts";
import { printMark } from "../print/live.ts";
import { printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { addGiveUp } from "../runner/options.ts";
import type { RunnerPreviewOptions } from "../runner/preview.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { findHolder, wordHolder } from "./lock/holder.ts";
import { findPlace } from "./lock/place.ts";
import { createStack } from "./run/engine.ts";
import { type PresentOptions, presentRun } from "./run/present.ts";
import { runOnStack, type StackRun } from "./run/stack-run.ts";

type PreviewOptions = PresentOptions & RunnerPreviewOptions & { create?: boolean; runner?: boolean };

/** `dockmaster preview` */
export function define(command: Command): void {
  addGiveUp(command)
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
      if (!options.json) printLines(await warnHeld(checkout, stack));
      process.exitCode = presentRun(stack, "preview", await previewStack(checkout, stack, options), {
        ...options,
        planned: true,
      });
    });
}

/** Says who holds the stack: a preview shows half of what that update does. Nothing when nobody does. */
export async function warnHeld(checkout: Checkout, stack: string): Promise<string[]> {
  const holder = await findHolder(stack, await findPlace(checkout, stack, process.env));
  if (!holder) return [];
  return [
    `${printMark("skipped")} ${wordHolder(stack, holder)}`,
    "  → what follows may be half of its work: look again later",
    "",
  ];
}

/** Previews a stack. Throws CliError. */
export async function previewStack(
  checkout: Checkout,
  stack: string,
  options: PresentOptions & { giveUp: string[] },
): Promise<StackRun> {
  const { giveUp } = options;
  const env = giveUpEnvironment(giveUp);
  const run = await runOnStack(checkout, stack, previewWords(options), progressFor(options), { env });
  const cause = run.ok ? refuseUnknown(giveUp, run.records) : null;
  return cause ? { ...run, ok: false, notLeft: true, cause } : run;
}

/** What the program has to know of `--give-up`. */
export function giveUpEnvironment(volumes: readonly string[]): NodeJS.ProcessEnv {
  return volumes.length > 0 ? { DOCKMASTER_GIVE_UP: volumes.join(",") } : {};
}

/** The engine's words for a preview that looks at Dokploy. */
export function previewWords({ diff }: PresentOptions): string[] {
  return [...WORDS.preview, ...(diff ? ["--diff"] : [])];
}
