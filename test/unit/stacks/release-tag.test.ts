import { expect, test } from "vitest";
import { RELEASE_TAG as OF_RUNNER } from "../../../automation/domain/releases/release-tag.ts";
import { chooseRelease } from "../../../stacks/bootstrap/release.ts";
import { isPromoted, RELEASE_TAG } from "../../../stacks/release-tag.ts";

const LONG = "v9007199254740991.9007199254740991.9007199254740991";

test("a release is for the program what it is for the runner", () => {
  expect(RELEASE_TAG.source).toBe(OF_RUNNER.source);
});

test.each([
  ["v1.2.0", true],
  ["v1.2.3", false],
  ["v1.2.10", false],
  [LONG.replace(/\d+$/, "0"), false],
])("%s was promoted: %s", (tag, promoted) => {
  expect(isPromoted(tag)).toBe(promoted);
});

test("a tag with a number that nobody can read does not keep an image from its release", () => {
  const { release } = chooseRelease({ commit: "c".repeat(40), tags: [LONG, "v1.0.1"], changed: [] });
  expect(release?.release).toBe("v1.0.1");
});
