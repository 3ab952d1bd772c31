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
