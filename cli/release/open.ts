import type { Command } from "commander";
import { whoAsks } from "../runner/asker.ts";
import { openRepository, type Repository } from "./repository.ts";

/** Options of every release command. */
export interface RepositoryOptions {
  remote: string;
  branch: string;
  json?: boolean;
}

/** Adds the options that say where releases live. */
export function addRepositoryOptions(command: Command): Command {
  return command
    .option("--remote <name>", "the Git remote", "origin")
    .option("--branch <name>", "the branch that releases are cut from", process.env.GIT_BRANCH || "main")
    .option("--json", "print one JSON document");
}

/** Opens the repository here. Throws CliError. */
export function openHere({ remote, branch }: RepositoryOptions): Promise<Repository> {
  return openRepository({ folder: process.cwd(), remote, branch, env: process.env });
}

/** Facts that every new tag needs. */
export async function gatherTagFacts(repository: Repository, commit: string) {
  const tags = await repository.releases();
  return {
    commit,
    tags,
    taken: await repository.taken(),
    counted: await repository.counted(),
    releasedBy: whoAsks(),
  };
}
