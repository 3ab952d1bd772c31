import { describe, expect, it } from "vitest";
import { isAlteredContent, isAlteredScalar } from "../../../../components/compose/round-trip.ts";

describe("isAlteredScalar", () => {
  it.each(["2024-05-01", "2024-5-1 10:00:00", "1_000", "1_0.5", "0b101", "0X1F", "-0x1f", "0o_7", "0_7"])(
    "knows %s",
    (text) => {
      expect(isAlteredScalar(text)).toBe(true);
    },
  );

  it.each([
    "yes",
    "no",
    "on",
    "off",
    "~",
    "null",
    "true",
    "1e3",
    "3.10",
    "0x1F",
    "22:22",
    ".inf",
    "=",
    "<<",
    "0400",
    "0o17",
    "v1_0",
    "",
  ])("lets %s pass", (text) => {
    expect(isAlteredScalar(text)).toBe(false);
  });
});

describe("isAlteredContent", () => {
  it.each([
    ["nothing", ""],
    ["blanks with a newline", "   \n"],
    ["a first line that begins with a tab", "\n\tx\ny"],
    ["a control character", "a\u0080"],
    ["a line separator", "a\u2028b"],
    ["a next-line character", "a\u0085b"],
    ["a long line beside an indented one", `${"x".repeat(901)}\n y`],
    ["one line that is a date", "2024-05-01"],
  ])("knows %s", (_name, text) => {
    expect(isAlteredContent(text)).toBe(true);
  });

  it.each([
    ["only newlines", "\n\n"],
    ["a tab later on", "a:\n\tb\n"],
    ["carriage returns", "a\r\nb\r"],
    ["a long single line", "x".repeat(5000)],
    ["a long line where none is indented", `${"x".repeat(5000)}\ny`],
    ["an escape character in no way", "a b"],
    ["dates on several lines", "2024-05-01\n2024-05-02"],
  ])("lets %s pass", (_name, text) => {
    expect(isAlteredContent(text)).toBe(false);
  });
});
