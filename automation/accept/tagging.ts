import { planStagingTag } from "../domain/releases/promotion.ts";
import { formatTagMessage } from "../domain/releases/tag-message.ts";
import { RequestError } from "../errors.ts";
import { GitError } from "../git/git.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Store } from "../store/store.ts";

/** How often a number is chosen again because somebody else took it first. */
const MOST_RACES = 5;

/** Name and address that tags are signed off with. */
const TAGGER = "Dockmaster <dockmaster@localhost>";

/** Where tags are made. */
export interface Tagging {
  mirror: Mirror;
  store: Pick<Store, "pinnedTags">;
  config: {
    /** The origin. */
    gitUrl: string;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * The staging tag of a commit: the one it has, else a new one, pushed to the origin. Undefined when it has none and
 * none may be made: `create` is asked only then. Throws RequestError `tag_not_pushed`, `git_unreachable`.
 */
export async function ensureStagingTag(
  origin: Tagging,
  commit: string,
  options: { create(): Promise<boolean>; releasedBy: string },
): Promise<string | undefined> {
  const { mirror, store, now } = origin;
  const asked = now();
  for (let races = 0; ; ) {
    const facts = {
      commit,
      tags: await mirror.tags(),
      taken: (await store.pinnedTags()).map(({ tag }) => tag),
      releasedBy: options.releasedBy,
    };
    const { tag, isNew, trailers } = planStagingTag(facts);
    if (!isNew) return tag;
    if ((mirror.fetchedAt() ?? 0) < asked) {
      // Somebody else may have tagged the commit since the last look.
      await mirror.fetch();
      continue;
    }
    if (!(await options.create())) return undefined;
    try {
      await pushTag(origin, tag, commit, formatTagMessage(tag, trailers));
      await mirror.fetch();
      return tag;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      // Refused: the number may have been taken meanwhile, or the commit may have got a tag.
      await mirror.fetch();
      const others = await mirror.tags();
      const isTaken = others.some((other) => other.tag === tag || other.commit === commit);
      if (!isTaken || ++races >= MOST_RACES) {
        throw new RequestError("tag_not_pushed", `The tag ${tag} could not be pushed: ${error.message}`, {
          cause: error,
        });
      }
    }
  }
}

/** Pushes an annotated tag that no local ref names: a fetch that prunes could take one away in between. */
async function pushTag({ mirror, config, now }: Tagging, tag: string, commit: string, message: string): Promise<void> {
  const header = [
    `object ${commit}`,
    "type commit",
    `tag ${tag}`,
    `tagger ${TAGGER} ${Math.floor(now() / 1000)} +0000`,
  ];
  const object = (await mirror.git(["mktag"], { input: `${header.join("\n")}\n\n${message}` })).trim();
  // Without "+" git refuses to move a tag that is there.
  await mirror.git(["push", "--quiet", "--no-verify", "--", config.gitUrl, `${object}:refs/tags/${tag}`]);
}
