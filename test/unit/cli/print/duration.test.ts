import { expect, test } from "vitest";
import { formatAge, formatDuration } from "../../../../cli/print/duration.ts";

test.each([
  [0, "0.0 s"],
  [430, "0.4 s"],
  [9_949, "9.9 s"],
  [12_400, "12 s"],
  [59_700, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
])("%d ms took %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
  [1_000, "now"],
  [-5_000, "now"],
  [40_000, "40 s"],
  [300_000, "5 min"],
  [3 * 3_600_000, "3 h"],
  [47 * 3_600_000, "47 h"],
  [12 * 86_400_000, "12 d"],
])("%d ms ago is %s", (milliseconds, text) => {
  expect(formatAge(milliseconds)).toBe(text);
});
