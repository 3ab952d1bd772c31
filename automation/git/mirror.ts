import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { RequestError } from "../http/errors.ts";
import { type Git, GitError } from "./git.ts";

/** A bare copy of the origin's branches and tags. Reads are as of the last fetch. */
export interface Mirror {
  /** Folder of the bare repository. */
  readonly folder: string;
  /** When the last successful fetch began, in milliseconds since the epoch; undefined before the first. */
  fetchedAt(): number | undefined;
  /** Brings the copy up to date; callers that come while one runs share the next. Throws RequestError `git_unreachable`. */
  fetch(): Promise<void>;
  /** The commit that a tag names, through a tag object or directly; undefined when there is no such tag. */
  tagCommit(tag: string): Promise<string | undefined>;
  /** The message of an annotated tag; undefined for a lightweight one. */
  tagMessage(tag: string): Promise<string | undefined>;
  /** All tags of commits, with the commits they name. */
  tags(): Promise<{ tag: string; commit: string }[]>;
  /** Whether a branch or tag holds the commit. */
  hasCommit(commit: string): Promise<boolean>;
  /** The branch's newest commit; undefined when there is no such branch. */
  branchHead(branch: string): Promise<string | undefined>;
  /** Whether `ancestor` is `commit` or one of its ancestors. False when either is unknown. */
  isAncestor(ancestor: string, commit: string): Promise<boolean>;
  /** Commits that `to` has and `from` lacks; null when either is unknown. */
  countBetween(from: string, to: string): Promise<number | null>;
  /** Paths that differ between two commits, both names of a renamed one; undefined when either is unknown. */
  changedFiles(from: string, to: string): Promise<string[] | undefined>;
  /** A file's text at a commit; undefined when it is not there. */
  readText(commit: string, path: string): Promise<string | undefined>;
  /** Paths at a commit below `folder`, relative to the repository. */
  listFiles(commit: string, folder: string): Promise<string[]>;
  /** Runs any other git command in the mirror. */
  readonly git: Git;
}

/** Without --update-shallow a shallow remote looks like an empty one, and git calls that a success. */
const FETCH = ["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--update-shallow"];
const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
const KEPT_DIFFERENCES = 200;
const COMMIT = /^[0-9a-f]{40,64}$/;

/** Opens the mirror in `folder`, made when absent. Does not fetch. */
export async function openMirror(git: Git, folder: string, url: string): Promise<Mirror> {
  const init = async () => {
    await mkdir(folder, { recursive: true });
    await git(["init", "--quiet", "--bare", "--", folder]);
  };
  if (!existsSync(`${folder}/HEAD`)) await init();
  const inMirror: Git = (words, options) => git(words, { cwd: folder, ...options });

  /** Exit codes that say no: the object is not there; 129 is for-each-ref's. */
  const NO = [1, 128, 129];
  /** Output without the line end; undefined when git says no. */
  const ask = async (words: string[]): Promise<string | undefined> => {
    try {
      return (await inMirror(words)).trimEnd();
    } catch (error) {
      if (error instanceof GitError && NO.includes(error.exitCode ?? 0)) return undefined;
      throw error;
    }
  };

  /** Answers about refs, until the next fetch. */
  let refs = new Map<string, Promise<string | undefined>>();
  let tags: Promise<Map<string, string>> | undefined;
  const resolve = (ref: string) => {
    const known = refs.get(ref);
    if (known) return known;
    const asked = ask(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
    refs.set(ref, asked);
    return asked;
  };
  /** Commits by tag, with one process for all of them. Tags of anything else than commits are left out. */
  const listTags = async () => {
    const format = "%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname:lstrip=2)";
    const listed = (await ask(["for-each-ref", `--format=${format}`, "refs/tags"])) ?? "";
    const found = new Map<string, string>();
    for (const line of listed.split("\n").filter(Boolean)) {
      const [type, object = "", peeledType, peeled = "", tag = ""] = line.split(" ");
      const near = type === "commit" ? object : peeledType === "commit" ? peeled : undefined;
      const commit = near ?? (await resolve(`refs/tags/${tag}`));
      if (commit !== undefined) found.set(tag, commit);
    }
    return found;
  };
  const allTags = () => {
    tags ??= listTags().catch((error: unknown) => {
      tags = undefined;
      throw error;
    });
    return tags;
  };
  /** What is an ancestor of what never changes. */
  const ancestry = new Map<string, Promise<boolean | undefined>>();
  /** Undefined when one of the commits is not here. */
  const askAncestry = async (ancestor: string, commit: string): Promise<boolean | undefined> => {
    try {
      await inMirror(["merge-base", "--is-ancestor", ancestor, commit]);
      return true;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      return error.exitCode === 1 ? false : undefined;
    }
  };
  /** Nor does what differs between two commits; senders repeat themselves. */
  const differences = new Map<string, string[]>();

  let fetchedAt: number | undefined;
  const fetchNow = async () => {
    const began = Date.now();
    try {
      await inMirror([...FETCH, "--", url, ...REFSPECS]);
    } catch (cause) {
      const said = cause instanceof GitError ? cause.message : undefined;
      throw new RequestError("git_unreachable", said, { cause });
    } finally {
      refs = new Map();
      tags = undefined;
    }
    if (existsSync(`${folder}/shallow`)) {
      await rm(folder, { recursive: true });
      await init();
      throw new RequestError(
        "git_unreachable",
        "The Git repository is a shallow clone: nobody can tell what contains what",
        {
          hint: "let GIT_REPO_URL name a repository with its whole history; nothing was changed",
        },
      );
    }
    fetchedAt = began;
  };
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = () => {
    running = fetchNow().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    folder,
    git: inMirror,
    fetchedAt: () => fetchedAt,
    fetch: () => {
      if (!running) return start();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return start();
        });
      return next;
    },
    tagCommit: async (tag) => (await allTags()).get(tag),
    tagMessage: async (tag) => {
      const object = await ask(["cat-file", "tag", `refs/tags/${tag}`]);
      return object?.slice(object.indexOf("\n\n") + 2);
    },
    tags: async () => [...(await allTags())].map(([tag, commit]) => ({ tag, commit })),
    hasCommit: async (commit) => {
      if (!COMMIT.test(commit)) return false;
      return Boolean(await ask(["for-each-ref", "--count=1", `--contains=${commit}`, "refs/heads", "refs/tags"]));
    },
    branchHead: (branch) => resolve(`refs/heads/${branch}`),
    isAncestor: async (ancestor, commit) => {
      if (ancestor === commit) return true;
      if (!COMMIT.test(ancestor) || !COMMIT.test(commit)) return false;
      const key = `${ancestor} ${commit}`;
      const known = ancestry.get(key);
      if (known) return (await known) ?? false;
      const asked = askAncestry(ancestor, commit);
      ancestry.set(key, asked);
      // That a commit is not here (yet), or that git could not be asked, is no answer to keep.
      const forget = () => ancestry.delete(key);
      asked.then((answer) => answer === undefined && forget(), forget);
      return (await asked) ?? false;
    },
    countBetween: async (from, to) => {
      if (!COMMIT.test(from) || !COMMIT.test(to)) return null;
      const counted = await ask(["rev-list", "--count", `${from}..${to}`]);
      return counted === undefined ? null : Number(counted);
    },
    changedFiles: async (from, to) => {
      if (!COMMIT.test(from) || !COMMIT.test(to)) return undefined;
      const key = `${from} ${to}`;
      const known = differences.get(key);
      if (known) return known;
      const listed = await ask(["diff", "--name-only", "--no-renames", "-z", from, to]);
      const files = listed?.split("\0").filter(Boolean);
      if (differences.size >= KEPT_DIFFERENCES) differences.clear();
      if (files) differences.set(key, files);
      return files;
    },
    readText: async (commit, path) => {
      try {
        return await inMirror(["cat-file", "blob", `${commit}:${path}`]);
      } catch (error) {
        if (error instanceof GitError && error.exitCode === 128) return undefined;
        throw error;
      }
    },
    listFiles: async (commit, under) => {
      const listed = await ask(["ls-tree", "-r", "-z", "--name-only", commit, "--", under]);
      return (listed ?? "").split("\0").filter(Boolean);
    },
  };
}
