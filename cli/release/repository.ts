import { type MissingCommit, type Standing, toRelation } from "../../automation/domain/releases/ancestry.ts";
import { ignoredTags, parseTag, type Release } from "../../automation/domain/releases/release-tag.ts";
import { parseTagMessage, type TagTrailers } from "../../automation/domain/releases/tag-message.ts";
import { parseSignedTag } from "../../automation/domain/releases/tag-proof.ts";
import { type Handed, hideRemote } from "../../automation/git/credentials.ts";
import { createGit, type Git, GitError } from "../../automation/git/git.ts";
import { listMissing } from "../../automation/git/missing.ts";
import { hideSignIns } from "../print/hide.ts";
import { CliError, wrongUse } from "../problem.ts";

/** A release tag of the remote, with what it says of itself. */
export interface TaggedRelease extends Release {
  /** When the tag was made, else when its commit was, in milliseconds since the epoch. */
  at: number;
  trailers: TagTrailers;
  /** Whether it has an SSH signature, whosever that is. */
  signed: boolean;
}

/** The platform's repository on this machine, and the remote that releases are pushed to. */
export interface Repository {
  git: Git;
  remote: string;
  branch: string;
  /** Brings the remote's branch and tags here, all of their history too. Throws CliError `remote_unreachable`. */
  fetch(): Promise<void>;
  /** The remote's release tags as of the last fetch. */
  releases(): Promise<TaggedRelease[]>;
  /** Every release tag that this clone ever saw, deleted ones too. */
  taken(): Promise<string[]>;
  /** Those of them whose commits the remote's branch contains. */
  counted(): Promise<string[]>;
  /** Tags of the remote that look like releases and are none, because a number in them is too long or begins with a zero. */
  ignored(): Promise<string[]>;
  /** The commit that people name. Throws CliError (exit code 2) when there is none. */
  resolve(name: string): Promise<string>;
  /** Whether the remote's branch has the commit. */
  isOnBranch(commit: string): Promise<boolean>;
  /** Where a commit stands to what a stack runs. */
  standing(commit: string, current: { tag: string | null; commit: string }): Promise<Standing>;
  /** Commits of `has` that `commit` lacks, oldest first, and whether their change is there all the same. */
  missing(has: string, commit: string): Promise<MissingCommit[]>;
}

/** Where the remote's tags are kept, apart from the clone's own, which may be others. */
const TAGS = "refs/dockmaster/tags/";

/** Opens the repository that holds `folder`. Throws CliError (exit code 2) when there is none, or without that remote. */
export async function openRepository(options: {
  folder: string;
  remote: string;
  branch: string;
  env: NodeJS.ProcessEnv;
}): Promise<Repository> {
  const { folder, remote, branch } = options;
  const inFolder = createGit({ env: await withOwnSsh(options.env, folder), mask: hideSignIns });
  const handed: Handed = { settings: [], env: {} };
  const git: Git = (words, more) => inFolder(words, { cwd: folder, handed, ...more });
  /** Output without the line end; undefined when git says no. One that was ended says nothing. */
  const ask = async (words: string[]): Promise<string | undefined> => {
    try {
      return (await git(words)).trimEnd();
    } catch (error) {
      if (error instanceof GitError && error.exitCode !== null) return undefined;
      throw unanswered(error);
    }
  };
  /** Output; every failure is that git could not be asked. */
  const tell = (words: string[]) => git(words).catch((error) => Promise.reject(unanswered(error)));
  if (remote.startsWith("-") || !(await ask(["remote", "get-url", "--", remote]))) {
    throw wrongUse(`There is no Git repository with a remote "${remote}" here`, "Run this in a clone of the platform");
  }
  const addresses = await Promise.all([
    ask(["config", "--get-all", `remote.${remote}.url`]),
    ask(["config", "--get-all", `remote.${remote}.pushurl`]),
    ask(["remote", "get-url", "--all", "--", remote]),
    ask(["remote", "get-url", "--all", "--push", "--", remote]),
  ]);
  Object.assign(
    handed,
    hideRemote([...new Set(addresses.flatMap((lines) => (lines ?? "").split("\n")))].filter(Boolean)),
  );
  const isAncestor = async (ancestor: string, commit: string) =>
    (await ask(["merge-base", "--is-ancestor", ancestor, commit])) !== undefined;
  const head = `refs/remotes/${remote}/${branch}`;
  const seen = async (...which: string[]) => {
    const refs = await tell(["for-each-ref", ...which, "--format=%(refname)", TAGS, "refs/tags/"]);
    return refs.split("\n").flatMap((ref) => ref.split("/tags/")[1] ?? []);
  };

  return {
    git,
    remote,
    branch,
    fetch: async () => {
      const isShallow = (await ask(["rev-parse", "--is-shallow-repository"])) === "true";
      // Not pruned: a tag that was deleted still counts as taken.
      const refs = [`+refs/heads/${branch}:${head}`, `+refs/tags/*:${TAGS}*`];
      const words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", ...(isShallow ? ["--unshallow"] : [])];
      try {
        await git([...words, "--", remote, ...refs]);
      } catch (cause) {
        throw unreachable(remote, cause);
      }
    },
    releases: async () => {
      const listed = await listRemoteTags(git, remote);
      const format = "%(refname:lstrip=3)%00%(*objectname)%00%(objectname)%00%(creatordate:unix)%00%(contents)%00%00";
      const known = (await tell(["for-each-ref", `--format=${format}`, TAGS])).split("\0\0\n");
      return known.flatMap((entry): TaggedRelease[] => {
        const [tag = "", peeled, object = "", created, message = ""] = entry.split("\0");
        if (!parseTag(tag) || listed.get(tag) !== object) return [];
        const trailers = parseTagMessage(peeled ? message : "");
        const signed = Boolean(peeled) && parseSignedTag(message).signature !== null;
        return [{ tag, commit: peeled || object, at: Number(created) * 1000, trailers, signed }];
      });
    },
    taken: () => seen(),
    counted: () => seen(`--merged=${head}`),
    ignored: async () => ignoredTags([...(await listRemoteTags(git, remote)).keys()]),
    resolve: async (name) => {
      const commit = await ask(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
      if (commit) return commit;
      throw wrongUse(`There is no commit "${name}" here`, "Name a commit, a branch or HEAD");
    },
    isOnBranch: (commit) => isAncestor(commit, head),
    standing: async (commit, current) => {
      const known = (await ask(["cat-file", "-e", `${current.commit}^{commit}`])) !== undefined;
      const contains = known && (await isAncestor(current.commit, commit));
      const isContained = known && (await isAncestor(commit, current.commit));
      return { ...current, relation: toRelation({ known, contains, isContained }) };
    },
    missing: (has, commit) => listMissing(tell, has, commit),
  };
}

/** With the SSH that the clone is configured for, as a workflow's checkout with a deploy key is: our own would count before it. */
async function withOwnSsh(env: NodeJS.ProcessEnv, folder: string): Promise<NodeJS.ProcessEnv> {
  if (env.GIT_SSH || env.GIT_SSH_COMMAND) return env;
  const git = createGit({ env, mask: hideSignIns });
  const own = await git(["config", "--get", "core.sshCommand"], { cwd: folder }).catch(() => "");
  return own.trim() === "" ? env : { ...env, GIT_SSH_COMMAND: own.trim() };
}

/** The remote's release tags now, each with the object that it names. Throws CliError `remote_unreachable`. */
export async function listRemoteTags(git: Git, remote: string): Promise<Map<string, string>> {
  try {
    const listed = await git(["ls-remote", "--tags", "--refs", "--", remote]);
    const lines = listed.split("\n").filter(Boolean);
    return new Map(
      lines.map((line) => {
        const [object = "", ref = ""] = line.split("\t");
        return [ref.slice("refs/tags/".length), object];
      }),
    );
  } catch (cause) {
    throw unreachable(remote, cause);
  }
}

function unanswered(cause: unknown): unknown {
  if (!(cause instanceof GitError)) return cause;
  return new CliError("git_failed", `Git cannot tell: ${cause.message}`, "Run it again; no tag was made", { cause });
}

function unreachable(remote: string, cause: unknown): unknown {
  if (!(cause instanceof GitError)) return cause;
  return new CliError(
    "remote_unreachable",
    `The remote "${remote}" cannot be read: ${cause.message}`,
    "Check the network and your rights; no tag was made",
    { cause },
  );
}
