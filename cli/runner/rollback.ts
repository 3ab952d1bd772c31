import type { Command } from "commander";
import { compare } from "semver";
import { parseTag } from "../../automation/domain/releases/release-tag.ts";
import { printLines } from "../print/print.ts";
import { CliError } from "../problem.ts";
import { readRunnerAddress } from "./address.ts";
import { readUpdates } from "./ask.ts";
import { type DeployOptions, requestDeploy } from "./deploy.ts";
import { addRunOptions } from "./options.ts";
import type { RunOptions } from "./request-run.ts";

/** How far back the history is asked. */
const PAGE = 200;

/** `dockmaster rollback` */
export function define(command: Command): void {
  addRunOptions(command)
    .argument("<env>", "the environment, e.g. production")
    .option(
      "--to <tag>",
      "the release to go back to (default: the last one that succeeded before; after a failed deploy the one before it)",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  dockmaster rollback production --wait\n  dockmaster rollback production --to v1.2.0 --reason 'logins fail' --wait",
    )
    .action(async (env: string, options: RunOptions & DeployOptions & { to?: string }) => {
      const tag = options.to ?? (await findRollback(env));
      if (!options.json && options.to === undefined) printLines([`${env} goes back to ${tag}`]);
      process.exitCode = await requestDeploy({ env, tag, rollback: true }, { ...options, command: "rollback" });
    });
}

async function findRollback(env: string): Promise<string> {
  const tag = chooseRollback(await readUpdates(readRunnerAddress(), { env, limit: PAGE }));
  if (tag !== undefined) return tag;
  throw new CliError(
    "no_release_before",
    `The history of ${env} has no release before the one it has`,
    `Name one with --to; dockmaster runs --env ${env} shows the history`,
  );
}

/** What the history tells of one update of a stack. */
export interface PastUpdate {
  tag: string | null;
  commit: string;
  state: string;
  /** Null when it never began. */
  started_at: string | null;
}

/**
 * The release to go back to. After an update that did not succeed: the one that last did. Else the one that the stack had
 * before: the last in its history with a lower number on another commit, so that rolling back twice goes back twice.
 * `history` is newest first.
 */
export function chooseRollback(history: PastUpdate[]): string | undefined {
  const [newest] = history.filter(({ started_at }) => started_at !== null);
  const [current, ...before] = history.filter(({ state }) => state === "succeeded");
  if (!current || !newest) return undefined;
  if (newest.state !== "succeeded" && newest.commit !== current.commit) return current.tag ?? undefined;
  const now = current.tag === null ? undefined : parseTag(current.tag);
  const found = before.find(({ tag, commit }) => {
    const version = tag === null ? undefined : parseTag(tag);
    return version !== undefined && commit !== current.commit && (now === undefined || compare(version, now) < 0);
  });
  return found?.tag ?? undefined;
}
