import type { TagDecision } from "../../automation/domain/releases/promotion.ts";
import { CliError } from "../problem.ts";
import { pushTag } from "./push-tag.ts";
import type { Repository } from "./repository.ts";
import type { SignTag } from "./sign-tag.ts";

/** A release that is on the remote now. */
export interface MadeRelease {
  tag: string;
  commit: string;
  /** False when the commit had it already. */
  isNew: boolean;
}

/** How often a number may be snatched away before this is given up. */
const MOST_RACES = 20;

/**
 * Decides on a tag for a commit and makes it. When somebody else's push takes the number first, the decision is made
 * again with what the remote has then. Throws CliError with the rules' own words.
 */
export async function makeTag(
  repository: Repository,
  commit: string,
  decide: () => Promise<TagDecision>,
  { signer }: { signer?: SignTag | undefined } = {},
): Promise<MadeRelease> {
  await noteIgnored(repository);
  for (let races = 0; races < MOST_RACES; races++) {
    await repository.fetch();
    const decision = await decide();
    if (!decision.ok) throw new CliError(decision.code, decision.message, decision.hint);
    const { tag, isNew, trailers } = decision;
    if (!isNew) return { tag, commit, isNew };
    const pushed = await pushTag(repository, { tag, commit, trailers }, { env: process.env, now: Date.now(), signer });
    if (pushed === "pushed") return { tag, commit, isNew };
  }
  throw new CliError("too_many_races", "Others take every number first", "Run it again in a moment");
}

/** Says on stderr which tags of the remote count for nothing. */
async function noteIgnored(repository: Repository): Promise<void> {
  const ignored = await repository.ignored();
  if (ignored.length === 0) return;
  const named = ignored.slice(0, 3).join(", ").slice(0, 200);
  const more = ignored.length > 3 ? ` and ${ignored.length - 3} more` : "";
  process.stderr.write(`ignored: ${named}${more}: a release tag has at most six digits a part, and no leading zeros\n`);
}
