import type { Command } from "commander";
import { readRunnerAddress } from "./address.ts";
import { whoAsks } from "./asker.ts";
import type { DeployOptions } from "./deploy.ts";
import { addRunOptions, fullBody, givenUpBody } from "./options.ts";
import { type RunOptions, requestRun } from "./request-run.ts";

/** `dockmaster sync` */
export function define(command: Command): void {
  addRunOptions(command)
    .argument("[env]", "the environment", "staging")
    .addHelpText(
      "after",
      "\nFixes what failed or was changed by hand; what is equal is not touched.\n\nExamples:\n  dockmaster sync --wait\n  dockmaster sync production --service postgres --wait",
    )
    .action(async (env: string, options: RunOptions & DeployOptions) => {
      const { service, giveUp, full, reason, json, summary } = options;
      const chosen = service.length > 0 ? { services: service.map((name) => `platform/${name}`) } : { all: true };
      const said = { ...(reason === undefined ? {} : { reason }), ...givenUpBody(giveUp), ...fullBody(full) };
      const body = { env, ...chosen, triggered_by: whoAsks(), ...said };
      process.exitCode = await requestRun(readRunnerAddress(), "/sync", body, options, {
        command: "sync",
        ...(json ? { json } : {}),
        ...(summary === undefined ? {} : { summary }),
        only: service.length > 0 ? service : null,
      });
    });
}
