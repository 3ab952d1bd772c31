import type { Command } from "commander";
import { WORDS } from "../../automation/engine/command.ts";
import { EXIT } from "../exit.ts";
import { printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { addFull, addGiveUp } from "../runner/options.ts";
import { findCheckout, requireStack } from "./checkout.ts";
import { askToGoOn, requireAnswers } from "./confirm.ts";
import { openLeft } from "./look/left.ts";
import { giveUpEnvironment, previewStack, warnHeld } from "./preview.ts";
import { createStack } from "./run/engine.ts";
import { type PresentOptions, presentRun } from "./run/present.ts";
import { plansNothing, runOnStack } from "./run/stack-run.ts";

type UpOptions = PresentOptions & { yes?: boolean; create?: boolean; full?: boolean; giveUp: string[] };

/** `dockmaster up` */
export function define(command: Command): void {
  addFull(addGiveUp(command))
    .argument("<stack>", "the stack, e.g. staging")
    .option("-y, --yes", "neither preview nor ask")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nShows what would change and asks first. What was changed by hand on Dokploy is fixed, what is equal is not touched.\nWhere nothing changed since the last update from here, a look at Dokploy says so, without an engine; --full goes past it.\n\nExamples:\n  dockmaster up staging\n  dockmaster up staging --yes --json",
    )
    .action(async (stack: string, options: UpOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      if (options.create) await createStack(checkout, stack);
      const { giveUp } = options;
      const left = openLeft(checkout, stack, { full: wantsEngine(options) });
      const looked = await left.look();
      if (looked) {
        process.exitCode = presentRun(stack, options.yes ? "up" : "preview", looked, {
          ...options,
          planned: !options.yes,
        });
        if (!options.yes) printLines(["Nothing to do."]);
        return;
      }
      // What is given up must be left: only a preview tells before anything is done.
      if (options.yes && giveUp.length > 0) {
        const plan = await previewStack(checkout, stack, { ...options, diff: false });
        if (plan.notLeft) {
          process.exitCode = presentRun(stack, "up", plan, { ...options, planned: true });
          return;
        }
      }
      if (!options.yes) {
        printLines(await warnHeld(checkout, stack));
        const plan = await previewStack(checkout, stack, options);
        const code = presentRun(stack, "preview", plan, { ...options, planned: true });
        if (code !== EXIT.done) {
          process.exitCode = code;
          return;
        }
        if (plansNothing(plan)) {
          printLines(["Nothing to do."]);
          return;
        }
        await askToGoOn(`Do this to ${stack}?`);
      }
      const words = [...WORDS.update, ...(options.diff ? ["--diff"] : [])];
      const seen = left.begin();
      const run = await runOnStack(checkout, stack, words, progressFor(options), {
        env: { ...giveUpEnvironment(giveUp), ...seen.env },
        onRaw: seen.onRaw,
      });
      await seen.end(run);
      process.exitCode = presentRun(stack, "up", run, options);
    });
}

/** What a look cannot answer: a stack that may be made, data that is given up, the engine's own account. */
function wantsEngine({ full, create, diff, giveUp }: UpOptions): boolean {
  return Boolean(full || create || diff || giveUp.length > 0);
}
