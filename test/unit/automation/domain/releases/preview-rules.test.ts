import { expect, test } from "vitest";
import { type PreviewFacts, refusePreview } from "../../../../../automation/domain/releases/preview-rules.ts";

const of = (facts: Partial<PreviewFacts>): PreviewFacts => ({
  mode: "main",
  commit: "c".repeat(40),
  merged: false,
  hadHere: false,
  approved: false,
  ...facts,
});

test.each<[string, Partial<PreviewFacts>, string | undefined]>([
  ["what main contains", { merged: true }, undefined],
  ["what the stack had", { hadHere: true }, undefined],
  ["anything else", {}, "preview_not_merged"],
  ["anything else, whoever says yes", { approved: true }, "preview_not_merged"],
  ["what main contains, where others need a yes", { mode: "approved", merged: true }, undefined],
  ["what somebody said yes to", { mode: "approved", approved: true }, undefined],
  ["what nobody said yes to", { mode: "approved" }, "preview_not_approved"],
  ["what the stack had, where others need a yes", { mode: "approved", hadHere: true }, undefined],
  ["anything, where it is so wished", { mode: "any" }, undefined],
])("a preview of %s: %j", (_name, facts, code) => {
  const refusal = refusePreview(of(facts));
  expect(refusal?.code).toBe(code);
  if (refusal) expect(refusal).toMatchObject({ status: "forbidden", message: expect.stringContaining("ccccccc") });
});
