import { userInfo } from "node:os";
import type { TagTrailers } from "../../automation/domain/releases/tag-message.ts";
import { formatTagMessage } from "../../automation/domain/releases/tag-message.ts";
import { GitError } from "../../automation/git/git.ts";
import { CliError } from "../problem.ts";
import { listRemoteTags, type Repository } from "./repository.ts";
import type { SignTag } from "./sign-tag.ts";

/** A tag to make. */
export interface NewTag {
  tag: string;
  commit: string;
  trailers: TagTrailers;
}

/**
 * Makes an annotated tag on the remote. `taken`: somebody else's tag of that name came first, and nothing was done. The
 * remote decides; only what it has becomes a tag of this clone. Throws CliError `tag_not_pushed`.
 */
export async function pushTag(
  { git, remote }: Repository,
  { tag, commit, trailers }: NewTag,
  { env, now, signer }: { env: NodeJS.ProcessEnv; now: number; signer?: SignTag | undefined },
): Promise<"pushed" | "taken"> {
  const tagger = await findTagger({ git }, env);
  const head = [`object ${commit}`, "type commit", `tag ${tag}`, `tagger ${tagger} ${Math.floor(now / 1000)} +0000`];
  const text = `${head.join("\n")}\n\n${formatTagMessage(tag, trailers)}`;
  const object = (await git(["mktag"], { input: signer ? await signer(text) : text })).trim();
  try {
    await git(["push", "--quiet", "--", remote, `${object}:refs/tags/${tag}`]);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    const there = (await listRemoteTags(git, remote)).get(tag);
    if (there !== object) {
      if (there !== undefined) return "taken";
      const hint = "Check that you may push tags to it";
      throw new CliError("tag_not_pushed", `${remote} did not take ${tag}: ${cause.message}`, hint, { cause });
    }
    // The answer was lost, the tag was not.
  }
  await git(["update-ref", `refs/tags/${tag}`, object]);
  return "pushed";
}

/** Who makes the tag, as Git writes it; in a workflow, where Git knows nobody, the person who started it. */
async function findTagger({ git }: Pick<Repository, "git">, env: NodeJS.ProcessEnv): Promise<string> {
  const config = async (key: string) => {
    try {
      return (await git(["config", "--get", key])).trim() || undefined;
    } catch {
      return undefined;
    }
  };
  const actor = env.GITHUB_ACTOR || userInfo().username;
  const name = env.GIT_COMMITTER_NAME || (await config("user.name")) || actor;
  const email = env.GIT_COMMITTER_EMAIL || (await config("user.email")) || `${actor}@users.noreply.github.com`;
  const clean = (text: string) => text.replace(/[<>\p{C}]/gu, "").trim();
  return `${clean(name) || "dockmaster"} <${clean(email)}>`;
}
