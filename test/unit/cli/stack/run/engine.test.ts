import { expect, test } from "vitest";
import { changesPlatform } from "../../../../../cli/stack/run/engine.ts";

test.each<[string, string[], boolean]>([
  ["staging", ["up", "--refresh"], true],
  ["staging", ["refresh", "--yes"], true],
  ["staging", ["destroy", "--yes"], true],
  ["staging", ["preview"], false],
  ["staging", ["refresh", "--preview-only"], false],
  ["staging", ["destroy", "--preview-only"], false],
  ["bootstrap", ["up", "--refresh"], false],
])("of %s, `pulumi %s` writes a state that may be written once: %s", (stack, words, expected) => {
  expect(changesPlatform(stack, words)).toBe(expected);
});
