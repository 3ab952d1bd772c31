import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseRollback } from "../../../../../automation/cli/runner/choose-rollback.ts";

const history = (...tags: (string | null)[]) => tags.map((tag) => ({ tag, commit: `commit of ${tag}` }));

test.each([
  ["nothing ran yet", history(), undefined],
  ["nothing ran before", history("v1.0.1"), undefined],
  ["the release before", history("v1.1.0", "v1.0.1"), "v1.0.1"],
  ["the same release was deployed twice", history("v1.1.0", "v1.1.0", "v1.0.1"), "v1.0.1"],
  ["rolled back once already", history("v1.2.0", "v1.3.0", "v1.2.0", "v1.1.0"), "v1.1.0"],
  ["a bad release was left out by a rollback", history("v1.4.0", "v1.2.0", "v1.3.0", "v1.2.0"), "v1.2.0"],
  ["numbers are compared as numbers", history("v1.10.0", "v1.9.0"), "v1.9.0"],
  ["a bare commit ran between", history("v1.2.0", null, "v1.1.0"), "v1.1.0"],
  ["a bare commit runs now", history(null, "v1.1.0"), "v1.1.0"],
])("%s", (_name, past, expected) => {
  expect(chooseRollback(past)).toBe(expected);
});

test("another tag on the same commit is no way back", () => {
  const past = [
    { tag: "v1.1.0", commit: "a" },
    { tag: "v1.0.1", commit: "a" },
    { tag: "v1.0.0", commit: "b" },
  ];
  expect(chooseRollback(past)).toBe("v1.0.0");
});

test("rolling back again and again ends, for every history", () => {
  const release = fc.integer({ min: 0, max: 9 }).map((patch) => ({ tag: `v1.0.${patch}`, commit: `c${patch}` }));
  fc.assert(
    fc.property(fc.array(release, { maxLength: 12 }), (past) => {
      const seen = new Set<string>();
      for (let now = past; ; ) {
        const tag = chooseRollback(now);
        if (tag === undefined) return;
        expect(seen).not.toContain(tag);
        seen.add(tag);
        now = [{ tag, commit: `c${tag.split(".")[2]}` }, ...now];
      }
    }),
  );
});
