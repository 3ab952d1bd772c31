import { stripVTControlCharacters, styleText } from "node:util";
import { expect, test } from "vitest";
import { formatTable } from "../../../../cli/print/table.ts";

test("aligns columns to their widest cell, coloured or not", () => {
  const red = styleText("red", "failed", { validateStream: false });
  const lines = formatTable(
    ["service", "result", "why"],
    [
      ["redis", red, "no space left"],
      ["postgres", "ok", ""],
    ],
  ).map(stripVTControlCharacters);
  expect(lines).toEqual(["service   result  why", "redis     failed  no space left", "postgres  ok"]);
});

test("keeps a cell with line breaks on one line", () => {
  expect(formatTable(["a"], [["one\n  two"]]).map(stripVTControlCharacters)).toEqual(["a", "one two"]);
});
