import type { Command } from "commander";
import { assessDrift, isDrift } from "../../automation/domain/drift.ts";
import { WORDS } from "../../automation/engine/command.ts";
import { type DriftFound, presentDrift } from "../print/drift.ts";
import { progressFor } from "../print/progress.ts";
import { addFull } from "../runner/options.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { askForHolder, findHolder, heldError, stateMark } from "./lock/holder.ts";
import { findPlace } from "./lock/place.ts";
import { lookUndisturbed } from "./lock/undisturbed.ts";
import { openLeft } from "./look/left.ts";
import type { PresentOptions } from "./run/present.ts";
import { runOnStack, type StackRun } from "./run/stack-run.ts";

/** `dockmaster drift` */
export function define(command: Command): void {
  addFull(command)
    .argument("<stack>", "the stack, e.g. staging")
    .option("--diff", "also print the engine's own account, key by key (secrets masked)")
    .option("--runner", "let the runner look, instead of the engine here")
    .option("--timeout <seconds>", "how long to wait for the runner", "600")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nCompares Dokploy with the last update. Writes nothing. Exit code 1 when there is drift.\nWhere all is as the last update from here left it, a look says so, without an engine; --full goes past it.\n\nExamples:\n  dockmaster drift staging\n  dockmaster drift production --runner --json",
    )
    .action(async (stack: string, options: PresentOptions & { runner?: boolean; timeout: string; full?: boolean }) => {
      if (options.runner) {
        const { askForDrift } = await import("../runner/drift.ts");
        process.exitCode = await askForDrift(stack, options);
        return;
      }
      const checkout = findCheckout();
      requireStack(checkout, stack);
      const looked = await openLeft(checkout, stack, { full: Boolean(options.full || options.diff) }).lookForDrift();
      if (looked) {
        process.exitCode = presentDrift(looked, options);
        return;
      }
      process.exitCode = presentDrift(toDrift(stack, await lookForDrift(checkout, stack, options), options), options);
    });
}

/**
 * Compares Dokploy with the state, without writing to either. Throws CliError `stack_locked` while an update is at work: half of what it
 * does would look as if a hand had done it.
 */
export async function lookForDrift(checkout: Checkout, stack: string, options: PresentOptions): Promise<StackRun> {
  const words = [...WORDS.drift, ...(options.diff ? ["--diff"] : [])];
  const place = await findPlace(checkout, stack, process.env);
  return lookUndisturbed({
    stack,
    holder: async (thorough) =>
      (await findHolder(stack, place)) ?? (thorough && !place ? await askForHolder(checkout, stack) : undefined),
    mark: () => stateMark(place),
    look: () => runOnStack(checkout, stack, words, progressFor(options)),
    finding: ({ ok, records }) => {
      const differs = assessDrift(records).filter(isDrift);
      return ok && differs.length > 0 ? JSON.stringify(differs) : undefined;
    },
    held: heldError,
  });
}

/** What a refresh found. */
export function toDrift(stack: string, { ok, records, cause, output }: StackRun, { diff }: PresentOptions): DriftFound {
  return { stack, ok, services: assessDrift(records), cause, by: "engine", ...(diff ? { diff: output } : {}) };
}
