import { expect, test } from "vitest";
import { createMask, maskAll } from "../../../automation/mask.ts";

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

test("takes secrets out of every text of a value, and leaves all else as it is", () => {
  const value = { cause: { code: "timeout", logTail: ["a planted-value", "b"] }, at: 5, none: null, yes: true };
  expect(
    maskAll(
      createMask(() => ["planted-value"]),
      value,
    ),
  ).toEqual({
    ...value,
    cause: { code: "timeout", logTail: ["a [secret]", "b"] },
  });
});
