import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseRelease, readCheckout } from "../../../../stacks/bootstrap/release.ts";

describe("the release that an image would be", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";

  test.each([
    [["v1.2.4"], "v1.2.4"],
    [["v1.2.4", "v1.10.0", "v1.9.9"], "v1.10.0"],
    [["latest", "v1.2.4-rc.1", "v1.2.4"], "v1.2.4"],
  ])("of %j is %s", (tags, release) => {
    expect(chooseRelease({ commit, tags, changed: [] })).toEqual({ release: { commit, release }, problems: [] });
  });

  test("is none without a release that names the commit, and none of changed files: both are said", () => {
    const { release, problems } = chooseRelease({ commit, tags: ["v1"], changed: ["a", "b", "c", "d", "e"] });
    expect(release).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual([
      "no release names the checked-out commit 0123456, which the runner's image is made from",
      "what goes into the runner's image differs from the commit: a, b, c and 2 more",
    ]);
  });
});

describe("a checkout", () => {
  let folder: string;
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...words], {
      encoding: "utf8",
    }).trim();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-release-"));
    git("init", "--quiet");
    mkdirSync(join(folder, "automation"));
    writeFileSync(join(folder, "automation/main.ts"), "");
    writeFileSync(join(folder, "Pulumi.bootstrap.yaml"), "");
    git("add", ".");
    git("commit", "--quiet", "--message", "first");
    git("tag", "v1.0.0");
    git("tag", "--annotate", "--message", "x", "v1.0.1");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("has a commit, and the tags that name it, annotated or not", () => {
    expect(readCheckout(folder)).toEqual({ commit: git("rev-parse", "HEAD"), tags: ["v1.0.0", "v1.0.1"], changed: [] });
  });

  test("differs where a file of the image does, and nowhere else", () => {
    writeFileSync(join(folder, "Pulumi.bootstrap.yaml"), "changed");
    writeFileSync(join(folder, "notes.txt"), "new");
    expect(readCheckout(folder).changed).toEqual([]);
    writeFileSync(join(folder, "automation/main.ts"), "changed");
    writeFileSync(join(folder, "automation/new.ts"), "new");
    expect(readCheckout(folder).changed).toEqual(["automation/main.ts", "automation/new.ts"]);
  });
});
