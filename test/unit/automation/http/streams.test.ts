import { expect, test } from "vitest";
import { RequestError } from "../../../../automation/errors.ts";
import { createStreams } from "../../../../automation/http/streams.ts";

test("streams are counted per reader, and in all", () => {
  const streams = createStreams(2, 3);
  const first = streams.open("a");
  streams.open("a");
  expect(() => streams.open("a")).toThrow(RequestError);
  const third = streams.open("b");
  expect(() => streams.open("c")).toThrow(RequestError);
  // Counted off once, however often that is said.
  third();
  third();
  streams.open("c");
  expect(() => streams.open("d")).toThrow(RequestError);
  first();
  streams.open("a");
});
