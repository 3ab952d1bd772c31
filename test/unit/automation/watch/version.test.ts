import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeVersion, readVersion, type VersionFacts } from "../../../../automation/watch/version.ts";

const nothing: VersionFacts = { release: undefined, commit: undefined, described: undefined, version: "0.1.0" };

test.each<[string, Partial<VersionFacts>, string]>([
  ["an image of a release", { release: "v1.4.2", commit: "abcdef0123" }, "v1.4.2"],
  ["an image of a commit", { release: "", commit: "abcdef0123" }, "0.1.0+abcdef0"],
  ["a checkout of a release", { described: "v1.4.2" }, "v1.4.2"],
  ["a checkout after one", { described: "v1.4.2-3-gabcdef0-dirty" }, "v1.4.2-3-gabcdef0-dirty"],
  ["a checkout without any", { described: "abcdef0" }, "0.1.0+abcdef0"],
  ["one that was changed", { described: "abcdef0-dirty" }, "0.1.0+abcdef0-dirty"],
  ["nothing", {}, "0.1.0"],
])("of %s", (_name, facts, expected) => {
  expect(describeVersion({ ...nothing, ...facts })).toBe(expected);
});

describe("of a folder", () => {
  let folder: string;
  const env = { PATH: process.env.PATH };
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...words], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-version-"));
    writeFileSync(join(folder, "package.json"), '{"version": "0.1.0"}');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("that is a checkout, what Git says", () => {
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "-m", "first");
    expect(readVersion(folder, env)).toBe(`0.1.0+${git("rev-parse", "--short=7", "HEAD")}`);
    git("tag", "-a", "v1.0.1", "-m", "Release v1.0.1");
    expect(readVersion(folder, env)).toBe("v1.0.1");
    expect(readVersion(folder, { ...env, DOCKMASTER_IMAGE_RELEASE: "v2.0.0" })).toBe("v2.0.0");
  });

  test("that is none, the package's", () => {
    expect(readVersion(folder, env)).toBe("0.1.0");
    expect(readVersion(folder, { ...env, DOCKMASTER_IMAGE_COMMIT: "a".repeat(40) })).toBe("0.1.0+aaaaaaa");
  });
});
