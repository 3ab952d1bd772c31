import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createPrograms, digestProgram } from "../../../../automation/git/program.ts";

const ID = "a".repeat(40);
const OTHER = "b".repeat(40);
const NAMES = [
  ...[".ci", ".github", ".gitignore", "Dockerfile", "LICENSE", "README.md", "CHANGES.md", "automation", "cli", "docs"],
  ...["emulator", "test", "vitest.config.ts", "biome.json", "Pulumi.production.yaml", "Pulumi.bootstrap.yaml"],
  ...["components", "stacks", "text", "tools", "libs", "Pulumi.yaml", "Pulumi.staging.yaml", "package.json"],
  ...["package-lock.json", "tsconfig.json", ".npmrc", "something-new", "a file\nwith a line end"],
];
const listing = (changed?: string) =>
  NAMES.map((name) => `040000 tree ${name === changed ? OTHER : ID}\t${name}`).join("\0");
const digest = digestProgram(listing(), "staging");

test.each([
  ...[".ci", ".github", ".gitignore", "Dockerfile", "LICENSE", "README.md", "CHANGES.md", "automation", "cli", "docs"],
  ...["emulator", "test", "vitest.config.ts", "biome.json", "Pulumi.production.yaml", "Pulumi.bootstrap.yaml"],
])("%s has no say in what the program of staging makes", (name) => {
  expect(digestProgram(listing(name), "staging")).toBe(digest);
});

test.each([
  ...["components", "stacks", "text", "tools", "libs", "Pulumi.yaml", "Pulumi.staging.yaml", "package.json"],
  ...["package-lock.json", "tsconfig.json", ".npmrc", "something-new", "a file\nwith a line end"],
])("%s has, as all has that is not known", (name) => {
  expect(digestProgram(listing(name), "staging")).not.toBe(digest);
});

test("another mode, or a file that is gone, makes another program", () => {
  expect(digestProgram(listing().replace("040000 tree", "120000 blob"), "staging")).toBe(digest);
  const as = (mode: string) => digestProgram(`${mode} blob ${ID}\ttools`, "staging");
  expect(as("100644")).not.toBe(as("100755"));
  expect(digestProgram(`040000 tree ${ID}\tcomponents`, "staging")).not.toBe(digest);
});

test.each([
  ["a file of a service", `120000 blob ${ID}\tcomponents/redis/redis.conf`],
  ["a stack's file", `120000 blob ${ID}\tPulumi.staging.yaml`],
])("what %s links to may be anywhere: then nothing is apart", (_, link) => {
  const linked = (changed?: string) => digestProgram(`${listing(changed)}\0${link}`, "staging");
  expect(linked("docs")).not.toBe(linked());
  expect(linked("Pulumi.production.yaml")).not.toBe(linked());
});

test("a link that has no say itself changes nothing, nor does a file below a folder, whose tree says it", () => {
  const more = [`120000 blob ${ID}\tdocs/a.md`, `100644 blob ${ID}\tcomponents/redis/index.ts`];
  expect(digestProgram([listing(), ...more].join("\0"), "staging")).toBe(digest);
});

test("links are found below folders too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-program-"));
  try {
    const git = async (words: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...words], {
        ...{ cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
      });
    const commit = async (text: string) => {
      writeFileSync(join(folder, "docs", "redis.conf"), text);
      await git(["add", "-A"]);
      await git(["commit", "--quiet", "-m", "one"]);
      return (await git(["rev-parse", "HEAD"])).trim();
    };
    await git(["init", "--quiet"]);
    mkdirSync(join(folder, "docs"));
    mkdirSync(join(folder, "components", "redis"), { recursive: true });
    writeFileSync(join(folder, "components", "redis", "index.ts"), "");
    const programs = createPrograms({ git: git as never });
    const digestOf = async (text: string) => programs.digest(await commit(text), "staging");
    expect(await digestOf("one")).toBe(await digestOf("two"));
    symlinkSync("../../docs/redis.conf", join(folder, "components", "redis", "redis.conf"));
    expect(await digestOf("three")).not.toBe(await digestOf("four"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("each commit is read once, and one that is not here is asked for again", async () => {
  const asked: string[] = [];
  let here = false;
  const programs = createPrograms({
    git: async (words) => {
      asked.push(words.at(-1) ?? "");
      if (!here) throw new Error("no such commit");
      return listing();
    },
  });
  await expect(programs.digest(ID, "staging")).rejects.toThrow("no such commit");
  here = true;
  expect(await programs.digest(ID, "staging")).toBe(digest);
  expect(await programs.digest(ID, "production")).not.toBe(digest);
  expect(asked).toEqual([ID, ID]);
  await expect(programs.digest("--output=x", "staging")).rejects.toThrow("is no commit");
});
