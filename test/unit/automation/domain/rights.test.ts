import { expect, test } from "vitest";
import { lackingRight, rightsOf, type SigningVariable } from "../../../../automation/domain/rights.ts";

test.each<[SigningVariable, boolean, string, ReturnType<typeof lackingRight>]>([
  ["WEBHOOK_SECRET", false, "staging", undefined],
  ["WEBHOOK_SECRET", false, "production", undefined],
  ["WEBHOOK_SECRET", true, "staging", undefined],
  ["WEBHOOK_SECRET", true, "production", "change:production"],
  ["PRODUCTION_SECRET", true, "staging", undefined],
  ["PRODUCTION_SECRET", true, "production", undefined],
  ["PREVIEW_SECRET", false, "staging", "change"],
  ["PREVIEW_SECRET", false, "production", "change"],
])("%s, where production has a secret of its own: %s, changes %s: lacks %s", (variable, guarded, stack, lacking) => {
  expect(lackingRight(rightsOf(variable, { guarded }), stack)).toBe(lacking);
});

test("only production's secret brings a hotfix that nobody signed, and the webhook's says yes to nothing", () => {
  const having = (right: "hotfix" | "preview:unmerged") =>
    (["WEBHOOK_SECRET", "PRODUCTION_SECRET", "PREVIEW_SECRET"] as const).filter((variable) =>
      rightsOf(variable, { guarded: false }).has(right),
    );
  expect(having("hotfix")).toEqual(["PRODUCTION_SECRET"]);
  expect(having("preview:unmerged")).toEqual(["PRODUCTION_SECRET", "PREVIEW_SECRET"]);
});
