import type { Command } from "commander";
import { planStagingTag, type TagDecision } from "../../automation/domain/releases/promotion.ts";
import { conflict, short } from "../../automation/domain/releases/refusal.ts";
import { makeTag } from "./make-tag.ts";
import { addRepositoryOptions, gatherTagFacts, openHere, type RepositoryOptions } from "./open.ts";
import { presentRelease } from "./present.ts";

/** `dockmaster release next` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("[commit]", "the commit to release, on the branch", "HEAD")
    .addHelpText(
      "after",
      '\nA commit that has a release keeps it. Prints the tag.\n\nExamples:\n  dockmaster release next\n  tag=$(dockmaster release next "$GITHUB_SHA")',
    )
    .action(async (name: string, options: RepositoryOptions) => {
      const repository = await openHere(options);
      const commit = await repository.resolve(name);
      const decide = async (): Promise<TagDecision> => {
        const facts = await gatherTagFacts(repository, commit);
        if (await repository.isOnBranch(commit)) return { ok: true, ...planStagingTag(facts) };
        const { remote, branch } = repository;
        const message = `${short(commit)} is not on ${branch} of ${remote}`;
        return conflict("not_on_main", message, "push or merge it first; a fix for production alone is a hotfix");
      };
      presentRelease(await makeTag(repository, commit, decide), options);
    });
}
