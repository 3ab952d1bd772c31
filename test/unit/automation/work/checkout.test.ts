import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGit } from "../../../../automation/git/git.ts";
import { type Mirror, openMirror } from "../../../../automation/git/mirror.ts";
import { checkOut, worktreePath } from "../../../../automation/work/checkout.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-checkout-"));
const origin = join(folder, "origin");
const dataDir = join(folder, "data");
let mirror: Mirror;
const commits: string[] = [];

beforeAll(async () => {
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...words], {
      cwd: origin,
      encoding: "utf8",
    }).trim();
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", origin]);
  for (const text of ["one", "two"]) {
    writeFileSync(join(origin, "file.txt"), text);
    writeFileSync(join(origin, ".gitignore"), "ignored\n");
    git("add", "--all");
    git("commit", "--quiet", "-m", text);
    commits.push(git("rev-parse", "HEAD"));
  }
  const tool = createGit({ env: { PATH: process.env.PATH, HOME: folder }, mask: (text) => text });
  mirror = await openMirror(tool, join(dataDir, "mirror.git"), origin);
  await mirror.fetch();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string) => readFileSync(join(path, "file.txt"), "utf8");

test("a stack's worktree holds exactly the commit, whatever was there before", async () => {
  const path = await checkOut(mirror, dataDir, "staging", commits[1]!);
  expect(read(path)).toBe("two");
  writeFileSync(join(path, "file.txt"), "changed by hand");
  writeFileSync(join(path, "ignored"), "left over");
  writeFileSync(join(path, "untracked"), "left over");
  expect(await checkOut(mirror, dataDir, "staging", commits[0]!)).toBe(path);
  expect(read(path)).toBe("one");
  for (const name of ["ignored", "untracked"]) expect(existsSync(join(path, name))).toBe(false);
});

test("a worktree that a crash left half-written, or locked, is made good", async () => {
  const path = await checkOut(mirror, dataDir, "staging", commits[0]!);
  writeFileSync(join(dataDir, "mirror.git/worktrees/staging/index.lock"), "");
  await checkOut(mirror, dataDir, "staging", commits[1]!);
  expect(read(path)).toBe("two");
  writeFileSync(join(path, ".git"), "nonsense");
  await checkOut(mirror, dataDir, "staging", commits[0]!);
  expect(read(path)).toBe("one");
});

test("stacks have worktrees of their own", async () => {
  const [one, two] = [
    await checkOut(mirror, dataDir, "staging", commits[0]!),
    await checkOut(mirror, dataDir, "production", commits[1]!),
  ];
  expect([read(one), read(two)]).toEqual(["one", "two"]);
});

test.each(["..", "../x", "a/b", "/etc", "", "Staging", "-rf", "a b", `${"x".repeat(64)}`])(
  'no worktree leaves its folder: "%s" is no stack',
  async (stack) => {
    expect(() => worktreePath(dataDir, stack)).toThrow("is no stack name");
    await expect(checkOut(mirror, dataDir, stack, commits[0]!)).rejects.toThrow("is no stack name");
  },
);

test("what is no commit is not checked out", async () => {
  await expect(checkOut(mirror, dataDir, "staging", "--help")).rejects.toThrow();
  await expect(checkOut(mirror, dataDir, "staging", "1".repeat(40))).rejects.toThrow();
});
