import { expect, test } from "vitest";
import type { Cause } from "../../../automation/domain/run.ts";
import { createMask, maskCause, maskOutcome } from "../../../automation/mask.ts";

const mask = createMask(() => ["s3cret-value", "s3cret-value-longer", "abc", 'two\nlines "quoted"']);

test.each<[string, string, string]>([
  ["a secret", "key=s3cret-value;", "key=[secret];"],
  ["the longest first", "s3cret-value-longer", "[secret]"],
  ["every occurrence", "s3cret-value s3cret-value", "[secret] [secret]"],
  ["one of several lines, also inside JSON", JSON.stringify({ a: 'x two\nlines "quoted"' }), '{"a":"x [secret]"}'],
  ["no short words", "abc", "abc"],
  ["a password in an address", "https://me:pw@example.org/x.git failed", "https://[secret]@example.org/x.git failed"],
  ["no address without one", "https://example.org/a@b", "https://example.org/a@b"],
])("masks %s", (_name, text, expected) => {
  expect(mask(text)).toBe(expected);
});

test("takes secrets out of what a run says, and never out of codes and names, whatever word a secret is", () => {
  const words = createMask(() => ["planted-value", "timeout", "changed", "postgres"]);
  const cause: Cause = {
    code: "timeout",
    message: "m planted-value",
    hint: "h planted-value",
    logTail: ["a planted-value", "b"],
  };
  const masked = { code: "timeout", message: "m [secret]", hint: "h [secret]", logTail: ["a [secret]", "b"] };
  expect(maskCause(words, cause)).toEqual(masked);
  expect(maskCause(words, { code: "canceled", message: "a", hint: "b" })).toEqual({
    code: "canceled",
    message: "a",
    hint: "b",
  });
  expect(
    maskOutcome(words, { service: "postgres", result: "changed", reason: "drift: planted-value", seconds: 5, cause }),
  ).toEqual({ service: "postgres", result: "changed", reason: "drift: [secret]", seconds: 5, cause: masked });
});
