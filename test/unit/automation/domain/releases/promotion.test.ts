import { describe, expect, test } from "vitest";
import {
  lostReleases,
  type Relation,
  type Standing,
  toRelation,
} from "../../../../../automation/domain/releases/ancestry.ts";
import {
  assessHotfix,
  assessPromotion,
  type HotfixFacts,
  type PromotionFacts,
  planStagingTag,
} from "../../../../../automation/domain/releases/promotion.ts";

const id = (letter: string) => letter.repeat(40);
const at = (tag: string, letter: string, relation: Relation): Standing => ({ tag, commit: id(letter), relation });
const release = (tag: string, letter: string) => ({ tag, commit: id(letter) });

/** Promotes `v1.0.5`; production has `v1.0.0`. */
function promotion(changes: Partial<PromotionFacts> = {}): PromotionFacts {
  const tags = [release("v1.0.0", "0"), release("v1.0.4", "4"), release("v1.0.5", "5")];
  return {
    commit: id("5"),
    tags,
    taken: [],
    counted: (changes.tags ?? tags).map(({ tag }) => tag),
    releasedBy: "ada",
    onMain: true,
    succeededOnStaging: true,
    current: at("v1.0.0", "0", "ahead"),
    missing: [],
    drops: [],
    newMajor: false,
    ...changes,
  };
}

const lost = [{ commit: id("a"), covered: false }];

describe("a promotion", () => {
  test.each<[string, PromotionFacts, string, boolean]>([
    ["makes the next minor", promotion(), "v1.1.0", true],
    ["is production's first", promotion({ current: null }), "v1.1.0", true],
    ["makes a new major when asked", promotion({ newMajor: true }), "v2.0.0", true],
    [
      "keeps the commit's production tag",
      promotion({ tags: [release("v1.0.5", "5"), release("v1.1.0", "5"), release("v1.2.0", "6")] }),
      "v1.1.0",
      false,
    ],
    [
      "keeps it also when a new major is asked",
      promotion({ tags: [release("v1.1.0", "5")], newMajor: true }),
      "v1.1.0",
      false,
    ],
    ["skips a number whose tag was deleted", promotion({ taken: ["v1.1.0"] }), "v1.2.0", true],
    [
      "passes when main picked the hotfix",
      promotion({ current: at("v1.0.1", "a", "diverged"), missing: [{ commit: id("a"), covered: true }] }),
      "v1.1.0",
      true,
    ],
    [
      "passes when the hotfix is dropped by name",
      promotion({ current: at("v1.0.1", "a", "diverged"), missing: lost, drops: ["v1.0.1"] }),
      "v1.1.0",
      true,
    ],
  ])("%s", (_name, facts, tag, isNew) => {
    const decision = assessPromotion(facts);
    expect(decision).toMatchObject({
      ok: true,
      tag,
      isNew,
      trailers: { kind: "production", releasedBy: "ada", drops: facts.drops },
    });
  });

  test("says from which staging release it came", () => {
    expect(assessPromotion(promotion())).toMatchObject({ trailers: { promotedFrom: "v1.0.5" } });
  });

  test.each<[string, PromotionFacts, string, RegExp, RegExp]>([
    [
      "what is not on main",
      promotion({ onMain: false }),
      "not_on_main",
      /v1\.0\.5 \(5555555\) is not on main/,
      /merge it/,
    ],
    [
      "what staging never had",
      promotion({ succeededOnStaging: false }),
      "not_on_staging",
      /v1\.0\.5/,
      /dockmaster deploy staging v1\.0\.5/,
    ],
    [
      "an untagged commit that staging never had",
      promotion({ tags: [], succeededOnStaging: false }),
      "not_on_staging",
      /^5555555 has not/,
      /tag it/,
    ],
    [
      "an older release",
      promotion({ current: at("v1.2.0", "9", "behind") }),
      "older_release",
      /older than v1\.2\.0/,
      /dockmaster rollback production --to v1\.0\.5$/,
    ],
    [
      "an older release, naming its production tag",
      promotion({ tags: [release("v1.1.0", "5"), release("v1.1.7", "5")], current: at("v1.2.0", "9", "behind") }),
      "older_release",
      /./,
      /--to v1\.1\.0$/,
    ],
    [
      "what would take a hotfix away",
      promotion({ current: at("v1.0.1", "a", "diverged"), missing: lost }),
      "would_lose",
      /^v1\.0\.1 would be taken away/,
      /--drop v1\.0\.1$/,
    ],
    [
      "what cannot be compared",
      promotion({ current: at("v1.0.1", "a", "unknown") }),
      "unknown_commit",
      /no more/,
      /push/,
    ],
  ])("refuses %s", (_name, facts, code, message, hint) => {
    expect(assessPromotion(facts)).toMatchObject({
      ok: false,
      status: "conflict",
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

/** A fix upon production's `v1.3.0`, off main. */
function hotfix(changes: Partial<HotfixFacts> = {}): HotfixFacts {
  return {
    commit: id("f"),
    tags: [release("v1.3.0", "3"), release("v1.3.1", "4")],
    taken: [],
    counted: ["v1.3.0", "v1.3.1"],
    releasedBy: "ada",
    onMain: false,
    current: at("v1.3.0", "3", "ahead"),
    ...changes,
  };
}

describe("a hotfix", () => {
  test.each<[string, HotfixFacts, string, boolean]>([
    ["takes the next free patch of what production has", hotfix(), "v1.3.2", true],
    ["takes none that was used before", hotfix({ taken: ["v1.3.2", "v1.3.5"] }), "v1.3.3", true],
    [
      "is above those of main that were used before",
      hotfix({ taken: ["v1.3.2", "v1.3.5"], counted: ["v1.3.0", "v1.3.5"] }),
      "v1.3.6",
      true,
    ],
    ["keeps its tag", hotfix({ tags: [release("v1.3.9", "f")] }), "v1.3.9", false],
  ])("%s", (_name, facts, tag, isNew) => {
    expect(assessHotfix(facts)).toMatchObject({ ok: true, tag, isNew, trailers: { kind: "hotfix" } });
  });

  test.each<[string, HotfixFacts, string, RegExp]>([
    ["a commit on main", hotfix({ onMain: true }), "not_a_hotfix", /is on main/],
    [
      "a commit beside what production has",
      hotfix({ current: at("v1.3.0", "3", "diverged") }),
      "not_a_hotfix",
      /does not descend from v1\.3\.0/,
    ],
    ["what production has already", hotfix({ current: at("v1.3.0", "f", "same") }), "not_a_hotfix", /does not descend/],
    ["anything before the first release", hotfix({ current: null }), "no_production", /no release/],
    ["what cannot be compared", hotfix({ current: at("v1.3.0", "3", "unknown") }), "unknown_commit", /no more/],
  ])("is not %s", (_name, facts, code, message) => {
    expect(assessHotfix(facts)).toMatchObject({ ok: false, code, message: expect.stringMatching(message) });
  });
});

test.each<[string, [string, string][], string, boolean]>([
  ["the next number for an untagged commit", [["v1.0.4", "4"]], "v1.0.5", true],
  [
    "its own tag",
    [
      ["v1.0.4", "4"],
      ["v1.0.5", "5"],
    ],
    "v1.0.5",
    false,
  ],
  [
    "its newest staging tag rather than a promotion's",
    [
      ["v1.0.5", "5"],
      ["v1.0.6", "5"],
      ["v1.1.0", "5"],
    ],
    "v1.0.6",
    false,
  ],
  ["a promotion's tag when there is no other", [["v1.1.0", "5"]], "v1.1.0", false],
])("a commit goes to staging as %s", (_name, tags, tag, isNew) => {
  const facts = {
    commit: id("5"),
    tags: tags.map(([name, letter]) => release(name, letter)),
    taken: [],
    counted: tags.map(([name]) => name),
    releasedBy: "webhook",
  };
  expect(planStagingTag(facts)).toMatchObject({ tag, isNew, trailers: { kind: "staging", releasedBy: "webhook" } });
});

test.each<[boolean, boolean, boolean, Relation]>([
  [true, true, true, "same"],
  [true, true, false, "ahead"],
  [true, false, true, "behind"],
  [true, false, false, "diverged"],
  [false, false, false, "unknown"],
])("known %s, contains %s, is contained %s: %s", (known, contains, isContained, relation) => {
  expect(toRelation({ known, contains, isContained })).toBe(relation);
});

test.each<[string, [string, boolean][], [string, string][], string[], string[]]>([
  ["nothing is missing", [], [], [], []],
  [
    "all is covered",
    [
      ["a", true],
      ["b", true],
    ],
    [["v1.0.1", "b"]],
    [],
    [],
  ],
  ["one hotfix", [["a", false]], [["v1.0.1", "a"]], [], ["v1.0.1"]],
  [
    "a change before its tag",
    [
      ["a", false],
      ["b", true],
    ],
    [["v1.0.1", "b"]],
    [],
    ["v1.0.1"],
  ],
  [
    "two hotfixes, the first picked",
    [
      ["a", true],
      ["b", false],
    ],
    [
      ["v1.0.1", "a"],
      ["v1.0.2", "b"],
    ],
    [],
    ["v1.0.2"],
  ],
  [
    "two hotfixes, one dropped",
    [
      ["a", false],
      ["b", false],
    ],
    [
      ["v1.0.1", "a"],
      ["v1.0.2", "b"],
    ],
    ["v1.0.1"],
    ["v1.0.2"],
  ],
  ["an untagged change", [["a", false]], [], [], ["v1.0.9"]],
])("what is lost when %s", (_name, missing, tags, drops, expected) => {
  const commits = missing.map(([letter, covered]) => ({ commit: id(letter), covered }));
  expect(
    lostReleases(
      commits,
      tags.map(([tag, letter]) => release(tag, letter)),
      "v1.0.9",
      drops,
    ),
  ).toEqual(expected);
});
