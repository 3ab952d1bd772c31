import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
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
  test.each(["v0.0.1", "v1.2.3", "v10.20.30"])("is %s", (text) => {
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
  expect(nextStagingTag(taken)).toBe(next);
});

test.each<[string, string[], boolean, string]>([
  ["a first staging release", ["v1.0.1"], false, "v1.1.0"],
  ["several minors", ["v1.2.0", "v1.9.0", "v1.9.7"], false, "v1.10.0"],
  ["two majors", ["v1.9.0", "v2.0.0", "v2.0.1"], false, "v2.1.0"],
  ["a new major, asked for", ["v1.9.0", "v1.9.1"], true, "v2.0.0"],
  ["nothing", [], false, "v1.1.0"],
  ["nothing, a new major", [], true, "v2.0.0"],
])("the next promotion after %s", (_name, taken, newMajor, next) => {
  expect(nextPromotionTag(taken, newMajor)).toBe(next);
});

test.each<[string, string[], string, string]>([
  ["its first", ["v1.3.0"], "v1.3.0", "v1.3.1"],
  ["patches that staging took", ["v1.3.0", "v1.3.1", "v1.3.2", "v1.2.9"], "v1.3.0", "v1.3.3"],
  ["newer lines", ["v1.3.0", "v1.4.0", "v1.4.5"], "v1.3.0", "v1.3.1"],
  ["a hotfix on a hotfix", ["v1.3.0", "v1.3.1"], "v1.3.1", "v1.3.2"],
])("the next hotfix with %s", (_name, taken, base, next) => {
  expect(nextHotfixTag(taken, base)).toBe(next);
});

test("no new number was ever used, and staging and promotion only grow", () => {
  fc.assert(
    fc.property(tags, tag, fc.boolean(), (taken, base, newMajor) => {
      const news = [nextStagingTag(taken), nextPromotionTag(taken, newMajor), nextHotfixTag(taken, base)];
      for (const next of news) expect(taken).not.toContain(next);
      expect(isProductionTag(news[0] ?? "")).toBe(false);
      expect(isProductionTag(news[1] ?? "")).toBe(true);
      expect(isProductionTag(news[2] ?? "")).toBe(false);
      for (const next of news.slice(0, 2)) expect(sortTags([...taken, next]).at(-1)).toBe(next);
    }),
  );
});
