import type { Command } from "commander";
import {
  assessHotfix,
  assessPromotion,
  keepRelease,
  type TagDecision,
} from "../../automation/domain/releases/promotion.ts";
import { isProductionTag } from "../../automation/domain/releases/release-tag.ts";
import { wrongUse } from "../problem.ts";
import { collect } from "../runner/options.ts";
import { makeTag } from "./make-tag.ts";
import { addRepositoryOptions, gatherTagFacts, openHere, type RepositoryOptions } from "./open.ts";
import { presentRelease } from "./present.ts";
import { readProduction, requireRunner, succeededOnStaging } from "./production.ts";

/** What has to be typed where a workflow is started by hand. */
const CONFIRMED = "deploy";

interface PromoteOptions extends RepositoryOptions {
  drop: string[];
  newMajor?: boolean;
  confirm?: string;
}

/** `dockmaster release promote` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("<tag>", "a release that succeeded on staging, or a hotfix")
    .option("--drop <tag>", "give up a release that production has and main lacks; may be repeated", collect, [])
    .option("--new-major", "begin a new major version")
    .option("--confirm <word>", `for workflows, where nobody is asked: refuses unless the word is "${CONFIRMED}"`)
    .addHelpText(
      "after",
      "\nMakes v<major>.<minor+1>.0 on the same commit; a commit that has one, and a hotfix, keep theirs. Deploys nothing.\nAsks the runner (DOCKMASTER_URL) what production has and what succeeded on staging.\n\nExamples:\n  dockmaster release promote v1.2.4\n  dockmaster release promote v1.2.4 --drop v1.1.1",
    )
    .action(async (tag: string, options: PromoteOptions) => {
      if (options.confirm !== undefined && options.confirm !== CONFIRMED) {
        throw wrongUse(`Not confirmed: the word is not "${CONFIRMED}"`, `Start it again with confirm: ${CONFIRMED}`);
      }
      requireRunner();
      const repository = await openHere(options);
      await repository.fetch();
      const releases = await repository.releases();
      const known = releases.find((release) => release.tag === tag);
      if (!known) {
        throw wrongUse(`${repository.remote} has no release ${tag}`, "dockmaster release list shows what there is");
      }
      const { commit, trailers } = known;
      // A promotion that was made before, with a release given up in its message, stays what it is.
      const givenUp = releases.filter((release) => release.commit === commit).flatMap((each) => each.trailers.drops);
      const decide = async (): Promise<TagDecision> => {
        const production = await readProduction();
        const facts = {
          ...(await gatherTagFacts(repository, commit)),
          onMain: await repository.isOnBranch(commit),
          current: production && (await repository.standing(commit, production)),
        };
        if (trailers.kind === "hotfix") {
          // Deployed before, and asked for again because what came after the deploy failed; main may have it by now.
          if (facts.current?.relation === "same") return keepRelease(facts, tag, trailers.kind);
          // Another tag of the commit may be unsigned: the one that was asked for is the one that counts.
          const made = facts.onMain ? undefined : assessHotfix(facts);
          if (made) return made.ok ? keepRelease(facts, tag, trailers.kind) : made;
        }
        // Tagged by hand (`git tag -s`): a patch upon what production has is a hotfix for the runner too.
        const isFix = trailers.kind === null && !isProductionTag(tag) && facts.current?.relation === "ahead";
        if (isFix && !facts.onMain) return keepRelease(facts, tag, "hotfix");
        const isKnown = facts.current !== null && facts.current.relation !== "unknown";
        return assessPromotion({
          ...facts,
          succeededOnStaging: await succeededOnStaging(commit),
          missing: production && isKnown ? await repository.missing(production.commit, commit) : [],
          drops: [...new Set([...options.drop, ...givenUp])],
          newMajor: options.newMajor === true,
        });
      };
      presentRelease(await makeTag(repository, commit, decide), options);
    });
}
