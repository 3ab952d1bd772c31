import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGit, type Git, GitError } from "../../../../automation/git/git.ts";
import { type Mirror, openMirror } from "../../../../automation/git/mirror.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-mirror-"));
const origin = join(folder, "origin.git");
const clone = join(folder, "clone");
const git = createGit({ env: { PATH: process.env.PATH, HOME: folder }, mask: (text) => text });

function run(...words: string[]): string {
  const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always"];
  return execFileSync("git", [...who, ...words], { cwd: clone, encoding: "utf8", stdio: "pipe" }).trim();
}

function commit(message: string): string {
  writeFileSync(join(clone, "file.txt"), message);
  run("add", "--all");
  run("commit", "--quiet", "-m", message);
  return run("rev-parse", "HEAD");
}

let mirror: Mirror;
let first: string;
let second: string;
beforeAll(async () => {
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", origin]);
  execFileSync("git", ["clone", "--quiet", origin, clone], { stdio: "ignore" });
  first = commit("one");
  run("tag", "-a", "v1.0.1", "-m", "annotated");
  second = commit("two");
  run("tag", "v1.0.2");
  run("push", "--quiet", "origin", "HEAD:main", "--tags");
  mirror = await openMirror(git, join(folder, "mirror.git"), origin);
  await mirror.fetch();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a mirror of the origin", () => {
  test("is not stopped by what a git left that was killed with the machine", async () => {
    const left = join(folder, "left.git");
    await (await openMirror(git, left, origin)).fetch();
    for (const name of ["packed-refs.lock", "refs/heads/main.lock", "refs/tags/v1.0.1.lock"]) {
      writeFileSync(join(left, name), "");
    }
    run("tag", "v1.0.9");
    run("push", "--quiet", "origin", "v1.0.9");
    const opened = await openMirror(git, left, origin);
    await opened.fetch();
    expect(await opened.tagCommit("v1.0.9")).toBe(second);
    run("push", "--quiet", "origin", ":refs/tags/v1.0.9");
    run("tag", "-d", "v1.0.9");
  });

  test("knows the commit of annotated and of lightweight tags", async () => {
    expect(await mirror.tagCommit("v1.0.1")).toBe(first);
    expect(await mirror.tagCommit("v1.0.2")).toBe(second);
    expect(await mirror.tags()).toEqual([
      { tag: "v1.0.1", commit: first },
      { tag: "v1.0.2", commit: second },
    ]);
    expect(await mirror.tagMessage("v1.0.1")).toBe("annotated");
    expect(await mirror.tagMessage("v1.0.2")).toBeUndefined();
  });

  test("keeps its answers until the next fetch, and then has the new ones", async () => {
    const third = commit("three");
    run("tag", "--force", "v1.0.2");
    run("push", "--quiet", "--force", "origin", "HEAD:main", "--tags");
    expect(await mirror.tagCommit("v1.0.2")).toBe(second);
    expect(await mirror.branchHead("main")).toBe(second);
    await mirror.fetch();
    expect(await mirror.tagCommit("v1.0.2")).toBe(third);
    expect((await mirror.tags()).at(-1)).toEqual({ tag: "v1.0.2", commit: third });
    expect(await mirror.branchHead("main")).toBe(third);
    expect(await mirror.isAncestor(first, third)).toBe(true);
    expect(await mirror.isAncestor(third, first)).toBe(false);
    expect(await mirror.countBetween(first, third)).toBe(2);
  });

  test("has no commit that only a pull request's ref holds", async () => {
    run("checkout", "--quiet", "--orphan", "fork");
    const foreign = commit("from a fork");
    run("push", "--quiet", "origin", `${foreign}:refs/pull/1/head`);
    run("checkout", "--quiet", "main");
    await mirror.fetch();
    expect(await mirror.hasCommit(foreign)).toBe(false);
    expect(await mirror.hasCommit(first)).toBe(true);
  });

  test("knows the commit behind a tag of a tag, and takes a tag of a file for none", async () => {
    run("tag", "-a", "v8.0.0", "-m", "inner", "v1.0.1");
    run("tag", "-a", "v8.0.1", "-m", "outer", "v8.0.0");
    run("tag", "-a", "v8.0.2", "-m", "outermost", "v8.0.1");
    run("tag", "v8.1.0", run("hash-object", "-w", "--", ".git/HEAD"));
    const names = ["v8.0.0", "v8.0.1", "v8.0.2", "v8.1.0"];
    run("push", "--quiet", "origin", ...names);
    await mirror.fetch();
    expect(await Promise.all(names.map((name) => mirror.tagCommit(name)))).toEqual([first, first, first, undefined]);
    expect((await mirror.tags()).map(({ tag }) => tag)).not.toContain("v8.1.0");
    run("push", "--quiet", "origin", "--delete", ...names);
    await mirror.fetch();
    expect(await mirror.tagCommit("v8.0.0")).toBeUndefined();
  });

  test("forgets a tag that was deleted", async () => {
    run("push", "--quiet", "origin", "HEAD:refs/tags/v9.0.0");
    await mirror.fetch();
    expect(await mirror.tagCommit("v9.0.0")).toMatch(/^[0-9a-f]{40}$/);
    run("push", "--quiet", "--delete", "origin", "v9.0.0");
    await mirror.fetch();
    expect(await mirror.tagCommit("v9.0.0")).toBeUndefined();
  });

  test.each([
    "--upload-pack=touch pwned",
    "-h",
    "v1.0.1;touch pwned",
    "$(touch pwned)",
    "../../HEAD",
    "v1.0.1^{/x",
    "",
  ])('takes "%s" for a name and nothing else', async (name) => {
    expect(await mirror.tagCommit(name)).toBeUndefined();
    expect(await mirror.branchHead(name)).toBeUndefined();
    expect(await mirror.hasCommit(name)).toBe(false);
    expect(await mirror.isAncestor(name, first)).toBe(false);
    expect(await mirror.changedFiles(name, first)).toBeUndefined();
    expect(await mirror.countBetween(name, first)).toBeNull();
    for (const cwd of [folder, mirror.folder, process.cwd()]) expect(existsSync(join(cwd, "pwned"))).toBe(false);
  });

  test("cannot be had from an address that is an option or a command", async () => {
    for (const url of [`--upload-pack=touch ${folder}/pwned`, `ext::sh -c touch% ${folder}/pwned`]) {
      const bad = await openMirror(git, join(folder, "bad.git"), url);
      await expect(bad.fetch()).rejects.toMatchObject({ code: "git_unreachable" });
      expect(existsSync(join(folder, "pwned"))).toBe(false);
    }
  });

  test("of a shallow clone is refused: what a release contains could not be told", async () => {
    const shallow = join(folder, "shallow.git");
    execFileSync("git", ["clone", "--quiet", "--bare", "--depth=1", `file://${origin}`, shallow]);
    const bad = await openMirror(git, join(folder, "of-shallow.git"), shallow);
    await expect(bad.fetch()).rejects.toMatchObject({
      code: "git_unreachable",
      message: expect.stringContaining("shallow"),
      hint: expect.stringContaining("whole history"),
    });
    // Once it is whole, it is taken.
    execFileSync("git", ["fetch", "--quiet", "--unshallow"], { cwd: shallow });
    await bad.fetch();
    expect(await bad.isAncestor(first, (await bad.branchHead("main")) ?? "")).toBe(true);
  });
});

test("hooks of a repository never run, and git never asks", async () => {
  const hook = join(mirror.folder, "hooks", "reference-transaction");
  writeFileSync(hook, `#!/bin/sh\ntouch ${folder}/hooked\n`, { mode: 0o755 });
  commit("with a hook");
  run("push", "--quiet", "origin", "HEAD:main");
  await mirror.fetch();
  expect(existsSync(join(folder, "hooked"))).toBe(false);
  await expect(git(["ls-remote", "--", "https://127.0.0.1:1/x.git"])).rejects.toThrow(GitError);
});

test("git sees what it needs to reach the remote, and no secret of the runner", async () => {
  const bin = mkdtempSync(join(folder, "bin-"));
  writeFileSync(join(bin, "git"), "#!/bin/sh\nenv\n", { mode: 0o755 });
  const spying = createGit({
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder, HTTPS_PROXY: "http://proxy", WEBHOOK_SECRET: "canary" },
    mask: (text) => text,
  });
  const seen = await spying(["version"]);
  expect(seen).toContain("HTTPS_PROXY=http://proxy");
  expect(seen).toContain("GIT_TERMINAL_PROMPT=0");
  expect(seen).not.toContain("canary");
});

describe("a git that could not answer", () => {
  /** The mirror through a git that ends this way the first time it is told this command. */
  const failing = async (command: string, exitCode: number | null) => {
    let failed = false;
    const failsOnce: Git = (words, options) => {
      if (failed || words[0] !== command) return git(words, options);
      failed = true;
      return Promise.reject(new GitError(command, exitCode, "cannot be told"));
    };
    return openMirror(failsOnce, mirror.folder, origin);
  };
  const UNREADABLE = { code: "git_unreachable", message: expect.stringContaining("cannot be told") };

  test.each<[string, string, number | null, (mirror: Mirror) => Promise<unknown>, unknown]>([
    ["what contains what, killed", "merge-base", null, (m) => m.isAncestor(first, second), true],
    ["what contains what, out of memory", "merge-base", 137, (m) => m.isAncestor(first, second), true],
    ["what contains what, of commits that are here", "merge-base", 128, (m) => m.isAncestor(first, second), true],
    ["the tags, killed", "for-each-ref", null, (m) => m.tagCommit("v1.0.1"), "first"],
    ["the tags, in error", "for-each-ref", 128, (m) => m.tagCommit("v1.0.1"), "first"],
    ["the tags, not understood", "for-each-ref", 129, (m) => m.tagCommit("v1.0.1"), "first"],
    ["whether a commit is here", "for-each-ref", null, (m) => m.hasCommit(first), true],
    ["a branch", "rev-parse", null, async (m) => (await m.branchHead("main")) !== undefined, true],
    ["a branch, not understood", "rev-parse", 129, async (m) => (await m.branchHead("main")) !== undefined, true],
    ["what a release lacks", "rev-list", null, (m) => m.missing(second, first), [{ covered: false }]],
    ["what a release has in other words", "cherry", 128, (m) => m.missing(second, first), [{ covered: false }]],
    ["a file", "cat-file", null, (m) => m.readText(first, "file.txt"), "one"],
  ])("is no answer, and is not kept: %s", async (_name, command, exitCode, ask, answer) => {
    const broken = await failing(command, exitCode);
    await expect(ask(broken)).rejects.toMatchObject(UNREADABLE);
    if (Array.isArray(answer)) expect(await ask(broken)).toMatchObject(answer);
    else expect(await ask(broken)).toBe(answer === "first" ? first : answer);
  });

  test("says no of a commit that is not here", async () => {
    const unknown = "0123456789".repeat(4);
    expect(await mirror.isAncestor(unknown, first)).toBe(false);
    expect(await mirror.isAncestor(first, unknown)).toBe(false);
    expect(await mirror.hasCommit(unknown)).toBe(false);
    expect(await mirror.missing(unknown, first)).toEqual([]);
  });
});
