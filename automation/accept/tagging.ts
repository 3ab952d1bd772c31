import { planStagingTag, type TagFacts } from "../domain/releases/promotion.ts";
import { ignoredTags } from "../domain/releases/release-tag.ts";
import { formatTagMessage } from "../domain/releases/tag-message.ts";
import { RequestError } from "../errors.ts";
import { GitError } from "../git/git.ts";
import type { Mirror } from "../git/mirror.ts";
import { isTrustedCommit } from "../git/trusted.ts";
import type { Log } from "../log.ts";
import type { Store } from "../store/store.ts";

/** How often a number is chosen again because somebody else took it first. */
const MOST_RACES = 5;

/** How many of the tags that are ignored are named in the log. */
const MOST_NAMED = 10;

/** Name and address that tags are signed off with. */
const TAGGER = "Dockmaster <dockmaster@localhost>";

/** Where tags are made. */
export interface Tagging {
  mirror: Mirror;
  store: Pick<Store, "pinnedTags">;
  log: Pick<Log, "warn">;
  config: {
    /** The origin. */
    gitUrl: string;
    /** The branch that releases are cut from. */
    gitBranch: string;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What the number of a new tag is chosen from. Git is read as of the last fetch. */
export async function gatherTagFacts(
  { mirror, store, config, log }: Omit<Tagging, "now">,
  commit: string,
  releasedBy: string,
): Promise<TagFacts> {
  const [tags, pinned, merged] = await Promise.all([
    mirror.tags(),
    store.pinnedTags(),
    mirror.tagsOn(config.gitBranch),
  ]);
  const ignored = ignoredTags(tags.map(({ tag }) => tag));
  if (ignored.length > 0)
    log.warn({ event: "tags.ignored", tags: ignored.slice(0, MOST_NAMED), count: ignored.length });
  // Of a tag that was deleted the store still knows the commit.
  const there = new Set(tags.map(({ tag }) => tag));
  const counted = [...merged];
  for (const { tag, commit: pin } of pinned) {
    if (!there.has(tag) && (await isTrustedCommit(mirror, config.gitBranch, pin))) counted.push(tag);
  }
  return { commit, tags, taken: pinned.map(({ tag }) => tag), counted, releasedBy };
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
  const { mirror, now } = origin;
  const asked = now();
  for (let races = 0; ; ) {
    const { tag, isNew, trailers } = planStagingTag(await gatherTagFacts(origin, commit, options.releasedBy));
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
