import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decideTakeBack,
  isReturn,
  type Refusal,
  type TakeBackFacts,
} from "../../../../../automation/domain/confirming/take-back.ts";
import { RUN_STATES } from "../../../../../automation/domain/run.ts";

const commit = (letter: string) => letter.repeat(40);
const confirmed = { tag: "v1.2.0", commit: commit("a") };
const run = { id: "run-2", commit: commit("b"), rollback: false, triggeredBy: "ada" };
const facts = (over: Partial<TakeBackFacts> = {}): TakeBackFacts => ({
  onTrouble: "rollback",
  trouble: { ofRelease: true },
  run,
  newest: { id: "run-2", commit: commit("b"), state: "succeeded" },
  holds: [],
  confirmed,
  relation: "behind",
  tagStands: true,
  dataChanged: [],
  irreversible: [],
  ...over,
});

describe("a release in trouble", () => {
  test.each<[string, Partial<TakeBackFacts>]>([
    ["where all is known to be harmless", {}],
    ["from a branch that the confirmed one is not on", { relation: "diverged" }],
    [
      "when the same release was asked for again, and found nothing to do",
      { newest: { id: "run-3", commit: commit("b"), state: "succeeded" } },
    ],
  ])("is taken back %s", (_name, over) => {
    expect(decideTakeBack(facts(over))).toEqual({ do: "return", to: confirmed });
  });

  test.each<[string, Partial<TakeBackFacts>, Refusal, RegExp]>([
    ["nobody asked for it", { onTrouble: "notify" }, "notify_only", /onTrouble/],
    ["it is no fault of the release", { trouble: { ofRelease: false } }, "not_the_release", /at fault/],
    [
      "it is the one that was brought back",
      { run: { ...run, rollback: true, triggeredBy: "watch" } },
      "was_rolled_back",
      /brought back/,
    ],
    ["a person went back to it", { run: { ...run, rollback: true } }, "was_rolled_back", /on purpose/],
    [
      "a person asked for something newer, which waits",
      { newest: { id: "run-3", commit: commit("c"), state: "waiting" } },
      "newer_request",
      /newer/,
    ],
    [
      "a person asked for something newer, which failed",
      { newest: { id: "run-3", commit: commit("b"), state: "failed" } },
      "newer_request",
      /newer/,
    ],
    [
      "a person holds the stack",
      { holds: [{ by: "ben", reason: "freeze", until: null }] },
      "held",
      /held by ben until it is lifted: freeze/,
    ],
    ["nothing was confirmed before", { confirmed: null }, "none_confirmed", /no release/],
    ["it is the confirmed one", { relation: "same" }, "is_confirmed", /confirmed last/],
    ["the confirmed one is newer", { relation: "ahead" }, "not_before", /v1\.2\.0.*newer/],
    ["the confirmed one is not known any more", { relation: "unknown" }, "not_before", /not in the repository/],
    ["its tag was moved", { tagStands: false }, "tag_gone", /moved/],
    ["it has no tag", { confirmed: { tag: null, commit: commit("a") } }, "tag_gone", /aaaaaaa/],
    ["a commit between cannot be undone", { irreversible: ["abc1234"] }, "irreversible", /abc1234/],
    ["nobody can tell whether one can", { irreversible: null }, "irreversible", /nobody can tell/],
    [
      "a service with data has another image",
      { dataChanged: ["postgres"] },
      "data_changed",
      /postgres.*rollback: safe/,
    ],
    ["nobody can tell whether one has", { dataChanged: null }, "data_changed", /nobody can tell/],
  ])("is left to people where %s", (_name, over, code, why) => {
    expect(decideTakeBack(facts(over))).toMatchObject({ do: "tell", code, why: expect.stringMatching(why) });
  });

  test("names only some where there are many", () => {
    const irreversible = Array.from({ length: 9 }, (_, index) => `v1.0.${index}`);
    const decision = decideTakeBack(facts({ irreversible }));
    expect(decision).toMatchObject({ why: expect.stringContaining("v1.0.4, 4 more cannot") });
  });

  const any: fc.Arbitrary<TakeBackFacts> = fc.record({
    onTrouble: fc.constantFrom("notify", "rollback"),
    trouble: fc.record({ ofRelease: fc.boolean() }),
    run: fc.record({
      id: fc.constant("run-2"),
      commit: fc.constant(commit("b")),
      rollback: fc.boolean(),
      triggeredBy: fc.constantFrom("ada", "watch", "webhook (ben)"),
    }),
    newest: fc.option(
      fc.record({
        id: fc.constantFrom("run-2", "run-3"),
        commit: fc.constantFrom(commit("b"), commit("c")),
        state: fc.constantFrom(...RUN_STATES),
      }),
    ),
    holds: fc.array(fc.constant({ by: "ada", reason: "r", until: null }), { maxLength: 1 }),
    confirmed: fc.option(fc.record({ tag: fc.constantFrom("v1.2.0", null), commit: fc.constant(commit("a")) })),
    relation: fc.constantFrom("same", "ahead", "behind", "diverged", "unknown"),
    tagStands: fc.boolean(),
    dataChanged: fc.option(fc.array(fc.constant("postgres"), { maxLength: 1 })),
    irreversible: fc.option(fc.array(fc.constant("abc1234"), { maxLength: 1 })),
  });

  test("goes back only to what was confirmed, behind it, with nobody's will and nobody's data against it", () => {
    let returned = 0;
    fc.assert(
      fc.property(any, (known) => {
        const decision = decideTakeBack(known);
        if (decision.do === "tell") return;
        returned += 1;
        expect(decision.to).toBe(known.confirmed);
        expect(known.onTrouble).toBe("rollback");
        expect(known.run.rollback).toBe(false);
        expect(known.holds).toEqual([]);
        expect(["behind", "diverged"]).toContain(known.relation);
        expect([known.dataChanged, known.irreversible]).toEqual([[], []]);
        const { newest } = known;
        if (newest && newest.id !== "run-2") expect([newest.commit, newest.state]).toEqual([commit("b"), "succeeded"]);
      }),
      { numRuns: 20_000, examples: [[facts()]] },
    );
    expect(returned).toBeGreaterThan(0);
  });

  test("knowing less, or having more against it, never makes it go back", () => {
    const worse: ((known: TakeBackFacts) => TakeBackFacts)[] = [
      (known) => ({ ...known, onTrouble: "notify" }),
      (known) => ({ ...known, trouble: { ofRelease: false } }),
      (known) => ({ ...known, holds: [{ by: "ada", reason: "r", until: null }] }),
      (known) => ({ ...known, confirmed: null }),
      (known) => ({ ...known, relation: "unknown" }),
      (known) => ({ ...known, tagStands: false }),
      (known) => ({ ...known, dataChanged: null }),
      (known) => ({ ...known, irreversible: null }),
      (known) => ({ ...known, newest: { id: "run-9", commit: commit("c"), state: "queued" } }),
    ];
    fc.assert(
      fc.property(any, fc.constantFrom(...worse), (known, change) => {
        expect(decideTakeBack(change(known)).do).toBe("tell");
      }),
    );
  });
});

test("only what the watch brings back is a return", () => {
  expect(isReturn({ triggeredBy: "watch", rollback: true })).toBe(true);
  expect(isReturn({ triggeredBy: "watch", rollback: false })).toBe(false);
  expect(isReturn({ triggeredBy: "ada", rollback: true })).toBe(false);
});
