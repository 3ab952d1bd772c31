import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MissingCommit } from "../domain/releases/ancestry.ts";
import { RequestError } from "../errors.ts";
import { type Git, GitError } from "./git.ts";
import { listMissing } from "./missing.ts";

/**
 * A bare copy of the origin's branches and tags. Reads are as of the last fetch; they throw RequestError
 * `git_unreachable` when git cannot tell, for that it did not answer is never a "no".
 */
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
  /** An annotated tag as it is stored, with its signature; undefined for a lightweight one. */
  tagObject(tag: string): Promise<string | undefined>;
  /** All tags of commits, with the commits they name. */
  tags(): Promise<{ tag: string; commit: string }[]>;
  /** The tags whose commits the branch contains; none where there is no such branch. */
  tagsOn(branch: string): Promise<string[]>;
  /** Whether a branch or tag holds the commit. */
  hasCommit(commit: string): Promise<boolean>;
  /** The branch's newest commit; undefined when there is no such branch. */
  branchHead(branch: string): Promise<string | undefined>;
  /** Whether `ancestor` is `commit` or one of its ancestors. False when either is unknown. */
  isAncestor(ancestor: string, commit: string): Promise<boolean>;
  /** Commits of `has` that `target` lacks, oldest first. None when `has` is unknown: nobody can tell. */
  missing(has: string, target: string): Promise<MissingCommit[]>;
  /** Commits that `to` has and `from` lacks; null when either is unknown. */
  countBetween(from: string, to: string): Promise<number | null>;
  /** Paths that differ between two commits, both names of a renamed one; undefined when either is unknown. */
  changedFiles(from: string, to: string): Promise<string[] | undefined>;
  /** When a commit was made, in milliseconds since the epoch; undefined when it is unknown. */
  committedAt(commit: string): Promise<number | undefined>;
  /** A file's text at a commit; undefined when it is not there. */
  readText(commit: string, path: string): Promise<string | undefined>;
  /** Paths at a commit below `folder`, relative to the repository. */
  listFiles(commit: string, folder: string): Promise<string[]>;
  /** Runs any other git command in the mirror. */
  readonly git: Git;
  /** Ends what git does here, and whatever it is asked from now on. */
  close(): void;
}

/** Without --update-shallow a shallow remote looks like an empty one, and git calls that a success. */
const FETCH = ["fetch", "--no-progress", "--prune", "--no-tags", "--no-write-fetch-head", "--update-shallow"];
const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
const KEPT_DIFFERENCES = 200;
const COMMIT = /^[0-9a-f]{40,64}$/;

/** Exit codes that say no: the object is not there. for-each-ref has one of its own for a commit that is not. */
const NO = [1, 128];
const NO_COMMIT = 129;

/** Git could not be asked here: nobody knows, and nothing may be decided on that. */
function unreadable(cause: GitError): RequestError {
  return new RequestError(
    "git_unreachable",
    `The runner's copy of the Git repository cannot be read: ${cause.message}`,
    {
      hint: "see that its disk is not full and its processes are not killed; nothing was changed",
      cause,
    },
  );
}

/** Takes away what a git left that was killed with the machine: nobody else works here, and every fetch would stop at it. */
async function removeLocks(folder: string): Promise<void> {
  const refs = await readdir(join(folder, "refs"), { recursive: true });
  const locks = refs.filter((name) => name.endsWith(".lock")).map((name) => join("refs", name));
  for (const name of [...locks, "packed-refs.lock", "HEAD.lock", "config.lock", "shallow.lock"]) {
    await rm(join(folder, name), { force: true });
  }
}

/** Opens the mirror in `folder`, made when absent. Does not fetch. */
export async function openMirror(git: Git, folder: string, url: string): Promise<Mirror> {
  const init = async () => {
    await mkdir(folder, { recursive: true });
    await git(["init", "--quiet", "--bare", "--", folder]);
  };
  if (!existsSync(`${folder}/HEAD`)) await init();
  await removeLocks(folder);
  const closing = new AbortController();
  const inMirror: Git = (words, options) =>
    git(words, { cwd: folder, apart: true, signal: closing.signal, ...options });

  /** Output; undefined when git ends with a code that says no. */
  const read = async (words: string[], no: number[] = NO): Promise<string | undefined> => {
    try {
      return await inMirror(words);
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      if (error.exitCode !== null && no.includes(error.exitCode)) return undefined;
      throw unreadable(error);
    }
  };
  /** Output; every failure is that git could not be asked. */
  const tell = async (words: string[]) => (await read(words, [])) ?? "";
  /** Output without the line end; undefined when git says no. */
  const ask = async (words: string[], no?: number[]) => (await read(words, no))?.trimEnd();

  /** Answers about refs, until the next fetch. */
  let refs = new Map<string, Promise<string | undefined>>();
  let tags: Promise<Map<string, string>> | undefined;
  let merged = new Map<string, Promise<string[]>>();
  const resolve = (ref: string) => {
    const known = refs.get(ref);
    if (known) return known;
    const asked = ask(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
    const answers = refs;
    answers.set(ref, asked);
    asked.catch(() => answers.delete(ref));
    return asked;
  };
  /** Commits by tag, with one process for all of them. Tags of anything else than commits are left out. */
  const listTags = async () => {
    const format = "%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname:lstrip=2)";
    const listed = await tell(["for-each-ref", `--format=${format}`, "refs/tags"]);
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
    if (tags) return tags;
    const asked = listTags();
    tags = asked;
    asked.catch(() => {
      if (tags === asked) tags = undefined;
    });
    return asked;
  };
  /** What is an ancestor of what never changes. */
  const ancestry = new Map<string, Promise<boolean | undefined>>();
  const hasCommit = async (commit: string) => {
    if (!COMMIT.test(commit)) return false;
    const words = ["for-each-ref", "--count=1", `--contains=${commit}`, "refs/heads", "refs/tags"];
    return Boolean(await ask(words, [...NO, NO_COMMIT]));
  };
  /** Undefined when one of the commits is not here. */
  const askAncestry = async (ancestor: string, commit: string): Promise<boolean | undefined> => {
    try {
      await inMirror(["merge-base", "--is-ancestor", ancestor, commit]);
      return true;
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      if (error.exitCode === 1) return false;
      // 128 is also what git ends with when it cannot read its own files.
      if (error.exitCode !== 128 || ((await hasCommit(ancestor)) && (await hasCommit(commit)))) throw unreadable(error);
      return undefined;
    }
  };
  const isAncestor = async (ancestor: string, commit: string): Promise<boolean> => {
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
  };
  /** Nor does what differs between two commits; senders repeat themselves. */
  const differences = new Map<string, Promise<string[] | undefined>>();

  const forget = () => {
    refs = new Map();
    tags = undefined;
    merged = new Map();
  };
  let fetchedAt: number | undefined;
  const fetchNow = async () => {
    const began = Date.now();
    let changed = true;
    try {
      // It says what it brought, each ref in a line; of what stands as it stood, nothing.
      const said = (text: string) => {
        changed = text.trim() !== "";
      };
      await inMirror([...FETCH, "--", url, ...REFSPECS], { said });
    } catch (cause) {
      const said = cause instanceof GitError ? cause.message : undefined;
      throw new RequestError("git_unreachable", said, { cause });
    } finally {
      if (changed) forget();
    }
    if (existsSync(`${folder}/shallow`)) {
      await rm(folder, { recursive: true });
      await init();
      forget();
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
    close: () => closing.abort(),
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
    tagObject: (tag) => read(["cat-file", "tag", `refs/tags/${tag}`]),
    tagsOn: async (branch) => {
      const head = await resolve(`refs/heads/${branch}`);
      if (head === undefined) return [];
      const answers = merged;
      const known = answers.get(head);
      if (known) return known;
      const asked = tell(["for-each-ref", `--merged=${head}`, "--format=%(refname:lstrip=2)", "refs/tags"]).then(
        (listed) => listed.split("\n").filter(Boolean),
      );
      answers.set(head, asked);
      asked.catch(() => answers.delete(head));
      return asked;
    },
    tags: async () => [...(await allTags())].map(([tag, commit]) => ({ tag, commit })),
    hasCommit,
    branchHead: (branch) => resolve(`refs/heads/${branch}`),
    isAncestor,
    missing: async (has, target) => {
      if (!(await hasCommit(has)) || (await isAncestor(has, target))) return [];
      return listMissing(tell, has, target);
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
      const asked = ask(["diff", "--name-only", "--no-renames", "-z", from, to]).then((listed) =>
        listed?.split("\0").filter(Boolean),
      );
      if (differences.size >= KEPT_DIFFERENCES) differences.clear();
      differences.set(key, asked);
      // That a commit is not here (yet), or that git could not be asked, is no answer to keep.
      const forget = () => differences.delete(key);
      asked.then((files) => files === undefined && forget(), forget);
      return asked;
    },
    committedAt: async (commit) => {
      const seconds = COMMIT.test(commit) ? await ask(["show", "--no-patch", "--format=%ct", commit]) : undefined;
      return seconds === undefined ? undefined : Number(seconds) * 1000;
    },
    readText: (commit, path) => read(["cat-file", "blob", `${commit}:${path}`], [128]),
    listFiles: async (commit, under) => {
      const listed = await ask(["ls-tree", "-r", "-z", "--name-only", commit, "--", under]);
      return (listed ?? "").split("\0").filter(Boolean);
    },
  };
}
