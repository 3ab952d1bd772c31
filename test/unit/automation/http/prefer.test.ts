import { expect, test } from "vitest";
import { parseWait } from "../../../../automation/http/body.ts";

test.each<[string | undefined, number]>([
  [undefined, 60],
  ["", 60],
  ["wait=0", 0],
  ["wait=5", 5],
  ["respond-async, wait=10", 10],
  ["wait=10; foo", 10],
  ["WAIT=7", 7],
  ["wait=100000", 900],
  ["wait=-1", 60],
  ["wait=1e3", 60],
  ["await=5", 60],
])("Prefer: %s waits %i s", (header, expected) => {
  expect(parseWait(header, 60, 900)).toBe(expected);
});
