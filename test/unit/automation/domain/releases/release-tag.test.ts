import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ignoredTags,
  isProductionTag,
  nextHotfixTag,
  nextPromotionTag,
  nextStagingTag,
  parseTag,
  sortTags,
} from "../../../../../automation/domain/releases/release-tag.ts";

const number = fc.nat({ max: 40 });
const tag = fc.tuple(number, number, number).map(([major, minor, patch]) => `v${major}.${minor}.${patch}`);
const tags = fc.array(tag, { maxLength: 30 });

describe("a release tag", () => {
  test.each(["v0.0.1", "v1.2.3", "v10.20.30", "v999999.999999.999999"])("is %s", (text) => {
    expect(parseTag(text)?.version).toBe(text.slice(1));
  });

  test.each([
    "1.2.3",
    "v1.2",
    "v1.2.3.4",
    "v1.2.3-rc.1",
    "v1.2.3+build",
    "v01.2.3",
    "V1.2.3",
    " v1.2.3",
    "v1.2.3\n",
    "v1.2.99999999999999999999",
    "v9007199254740991.9007199254740991.9007199254740991",
    "v1000000.0.0",
    "v0.1000000.0",
    "v0.0.1000000",
    "main",
    "refs/tags/v1.2.3",
    "--upload-pack=x",
    "v1.0.0;rm -rf",
    "v１.0.0",
    "",
  ])("is not %j", (text) => {
    expect(parseTag(text)).toBeUndefined();
  });

  test("sorts by number, not by letter", () => {
    expect(sortTags(["v1.10.0", "v1.9.3", "nonsense", "v1.9.12", "v0.1.0"])).toEqual([
      "v0.1.0",
      "v1.9.3",
      "v1.9.12",
      "v1.10.0",
    ]);
  });
});

test.each<[string, string[], string]>([
  ["nothing", [], "v1.0.1"],
  ["the first promotion", ["v1.0.1", "v1.1.0"], "v1.1.1"],
  ["tags out of order", ["v1.0.9", "v1.0.10", "v1.0.2"], "v1.0.11"],
  ["other tags", ["v1.0.1", "v9", "release-3", "v2.0.0-rc.1"], "v1.0.2"],
  ["a new major", ["v1.9.9", "v2.0.0"], "v2.0.1"],
])("the next staging tag after %s", (_name, taken, next) => {
  expect(nextStagingTag({ counted: taken, taken })).toBe(next);
});

test.each<[string, string[], boolean, string]>([
  ["a first staging release", ["v1.0.1"], false, "v1.1.0"],
  ["several minors", ["v1.2.0", "v1.9.0", "v1.9.7"], false, "v1.10.0"],
  ["two majors", ["v1.9.0", "v2.0.0", "v2.0.1"], false, "v2.1.0"],
  ["a new major, asked for", ["v1.9.0", "v1.9.1"], true, "v2.0.0"],
  ["nothing", [], false, "v1.1.0"],
  ["nothing, a new major", [], true, "v2.0.0"],
])("the next promotion after %s", (_name, taken, newMajor, next) => {
  expect(nextPromotionTag({ counted: taken, taken }, newMajor)).toBe(next);
});

test.each<[string, string[], string, string]>([
  ["its first", ["v1.3.0"], "v1.3.0", "v1.3.1"],
  ["patches that staging took", ["v1.3.0", "v1.3.1", "v1.3.2", "v1.2.9"], "v1.3.0", "v1.3.3"],
  ["newer lines", ["v1.3.0", "v1.4.0", "v1.4.5"], "v1.3.0", "v1.3.1"],
  ["a hotfix on a hotfix", ["v1.3.0", "v1.3.1"], "v1.3.1", "v1.3.2"],
])("the next hotfix with %s", (_name, taken, base, next) => {
  expect(nextHotfixTag({ counted: taken, taken }, base)).toBe(next);
});

test("no new number was ever used, and staging and promotion only grow above those that count", () => {
  fc.assert(
    fc.property(tags, tags, tag, fc.boolean(), (counted, others, base, newMajor) => {
      const numbers = { counted, taken: [...counted, ...others, base] };
      const news = [nextStagingTag(numbers), nextPromotionTag(numbers, newMajor), nextHotfixTag(numbers, base)];
      for (const next of news) expect(numbers.taken).not.toContain(next);
      expect(isProductionTag(news[0] ?? "")).toBe(false);
      expect(isProductionTag(news[1] ?? "")).toBe(true);
      expect(isProductionTag(news[2] ?? "")).toBe(false);
      for (const next of news.slice(0, 2)) expect(sortTags([...counted, next]).at(-1)).toBe(next);
    }),
  );
});

describe("a number that somebody made only to be the highest", () => {
  const highest = "v999999.999999.999999";
  const long = "v9007199254740991.9007199254740991.9007199254740991";

  test.each<[string, string[], string[], string]>([
    ["on a branch counts for nothing", ["v1.0.1"], [highest], "v1.0.2"],
    ["on main does not stop the numbering", ["v1.0.1", highest], [], "v1.0.2"],
    ["with one left after it is not stuck either", ["v1.0.1", "v999999.999999.999998"], [highest], "v1.0.2"],
    ["with more digits is no number", ["v1.0.1", long], [long], "v1.0.2"],
    ["that is next is stepped over", ["v1.0.1"], ["v1.0.2", "v1.0.3"], "v1.0.4"],
    ["is all there is", [], [highest], "v1.0.1"],
  ])("%s", (_name, counted, taken, next) => {
    expect(nextStagingTag({ counted, taken: [...counted, ...taken] })).toBe(next);
  });

  test("leaves promotion and hotfix their numbers too", () => {
    const numbers = { counted: ["v1.0.1", highest], taken: ["v1.0.1", highest, "v1.0.999999", long] };
    expect(nextPromotionTag(numbers, false)).toBe("v1.1.0");
    expect(nextPromotionTag(numbers, true)).toBe("v2.0.0");
    expect(nextHotfixTag(numbers, "v1.0.0")).toBe("v1.0.2");
  });

  test("is named among those that are ignored, when it is none", () => {
    expect(ignoredTags(["v1.0.1", long, "v01.0.0", "v1.0.1-rc.1", "main", highest])).toEqual([long, "v01.0.0"]);
  });
});
