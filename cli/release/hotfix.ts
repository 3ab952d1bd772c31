import type { Command } from "commander";
import { assessHotfix } from "../../automation/domain/releases/promotion.ts";
import { makeTag } from "./make-tag.ts";
import { addRepositoryOptions, gatherTagFacts, openHere, type RepositoryOptions } from "./open.ts";
import { presentRelease } from "./present.ts";
import { readProduction, requireRunner } from "./production.ts";

/** `dockmaster release hotfix` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("[commit]", "the fix: not on main, upon what production has", "HEAD")
    .addHelpText(
      "after",
      "\nMakes the next free patch of what production has (asks the runner, DOCKMASTER_URL). Deploys nothing.\n\nExamples:\n  git switch -c hotfix v1.2.0 && git commit … && dockmaster release hotfix\n  dockmaster deploy production v1.2.1 --wait",
    )
    .action(async (name: string, options: RepositoryOptions) => {
      requireRunner();
      const repository = await openHere(options);
      const commit = await repository.resolve(name);
      const decide = async () => {
        const production = await readProduction();
        return assessHotfix({
          ...(await gatherTagFacts(repository, commit)),
          onMain: await repository.isOnBranch(commit),
          current: production && (await repository.standing(commit, production)),
        });
      };
      presentRelease(await makeTag(repository, commit, decide), options);
    });
}
