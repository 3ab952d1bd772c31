import type { Command } from "commander";
import { assessHotfix } from "../../automation/domain/releases/promotion.ts";
import { ALLOWED_SIGNERS } from "../../automation/domain/releases/tag-proof.ts";
import { makeTag } from "./make-tag.ts";
import { addRepositoryOptions, gatherTagFacts, openHere, type RepositoryOptions } from "./open.ts";
import { presentRelease } from "./present.ts";
import { readProduction, requireRunner } from "./production.ts";
import { findSigner } from "./sign-tag.ts";

/** `dockmaster release hotfix` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("[commit]", "the fix: not on main, upon what production has", "HEAD")
    .option("--no-sign", "do not sign the tag, though Git knows a key")
    .addHelpText(
      "after",
      `\nMakes the next free patch of what production has (asks the runner, DOCKMASTER_URL). Deploys nothing.\nSigned with your SSH key where Git knows it (gpg.format=ssh, user.signingkey). Production takes a hotfix only when a key that\n${ALLOWED_SIGNERS} on main names signed its tag, or when PRODUCTION_SECRET asks.\n\nExamples:\n  git switch -c hotfix v1.2.0 && git commit … && dockmaster release hotfix\n  dockmaster deploy production v1.2.1 --wait`,
    )
    .action(async (name: string, options: RepositoryOptions & { sign: boolean }) => {
      requireRunner();
      const repository = await openHere(options);
      const signer = options.sign ? await findSigner(repository) : undefined;
      const commit = await repository.resolve(name);
      const decide = async () => {
        const production = await readProduction();
        const facts = await gatherTagFacts(repository, commit);
        // An unsigned tag that the commit has already is of no use to who signs: its number stays taken.
        const tags = signer ? facts.tags.filter((tag) => tag.commit !== commit || tag.signed) : facts.tags;
        return assessHotfix({
          ...facts,
          tags,
          onMain: await repository.isOnBranch(commit),
          current: production && (await repository.standing(commit, production)),
        });
      };
      const made = await makeTag(repository, commit, decide, { signer });
      if (made.isNew && !signer) {
        process.stderr.write(
          "it is not signed: production takes it only by PRODUCTION_SECRET. To sign: gpg.format=ssh and user.signingkey\n",
        );
      }
      presentRelease(made, options);
    });
}
