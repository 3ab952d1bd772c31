import { expect, test } from "vitest";
import { givesBack, type Rest } from "../../../../automation/watch/rest.ts";

const MIB = 1024 ** 2;

test.each<[string, Rest, boolean]>([
  ["gives back what its start took", { busy: 0.01, heap: 30 * MIB, after: undefined }, true],
  ["gives back what its last work took", { busy: 0.01, heap: 30 * MIB, after: 20 * MIB }, true],
  ["gives back nothing while it works", { busy: 0.5, heap: 30 * MIB, after: 20 * MIB }, false],
  ["looks for nothing where nothing came", { busy: 0, heap: 20.5 * MIB, after: 20 * MIB }, false],
])("%s", (_, rest, expected) => {
  expect(givesBack(rest)).toBe(expected);
});
