import type { Command } from "commander";
import { readRunnerAddress } from "./address.ts";
import { whoAsks } from "./asker.ts";
import { addRunOptions, fullBody, givenUpBody } from "./options.ts";
import { type RunOptions, requestRun } from "./request-run.ts";

/** `dockmaster deploy` */
export function define(command: Command): void {
  addRunOptions(command)
    .argument("<env>", "the environment, e.g. staging")
    .argument("<tag>", "the release, e.g. v1.2.4")
    .addHelpText(
      "after",
      "\nOnly forward: a release older than what runs is superseded, and nothing is done (exit code 0).\nTo go back: dockmaster rollback <env>. Exit code 3: the run goes on after --timeout, or without --wait.\n\nExamples:\n  dockmaster deploy staging v1.2.4 --wait\n  dockmaster deploy production v1.3.0 --wait --timeout 900 --json",
    )
    .action(async (env: string, tag: string, options: RunOptions & DeployOptions) => {
      process.exitCode = await requestDeploy({ env, tag }, { ...options, command: "deploy" });
    });
}

/** Options of deploy and rollback. */
export interface DeployOptions {
  service: string[];
  giveUp: string[];
  full?: boolean;
  reason?: string;
  summary?: string;
}

/** Asks the runner to bring a stack to a release. Returns the exit code. Throws CliError. */
export function requestDeploy(
  release: { env: string; tag: string; rollback?: true },
  options: RunOptions & DeployOptions & { command: string },
): Promise<number> {
  const { service, giveUp, full, reason, command, json, summary } = options;
  const body = {
    ...release,
    triggered_by: whoAsks(),
    ...(service.length > 0 ? { services: service } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...givenUpBody(giveUp),
    ...fullBody(full),
  };
  return requestRun(readRunnerAddress(), "/deploy", body, options, {
    command,
    ...(json ? { json } : {}),
    ...(summary === undefined ? {} : { summary }),
    only: service.length > 0 ? service : null,
  });
}
