import { expect, test } from "vitest";
import { createLineReader } from "../../../../emulator/containers/engine/run-docker.ts";

test("cuts chunks into lines, wherever they are cut", () => {
  const lines: string[] = [];
  const reader = createLineReader((line) => lines.push(line));
  for (const chunk of ["one\ntw", "o\r\n", "\nth", "ree"]) reader.push(chunk);
  expect(lines).toEqual(["one", "two", ""]);
  reader.end();
  expect(lines).toEqual(["one", "two", "", "three"]);
});

test("a question that waits without a newline is a line after a moment of silence", async () => {
  const lines: string[] = [];
  createLineReader((line) => lines.push(line)).push("Recreate (data will be lost)?");
  await expect.poll(() => lines).toEqual(["Recreate (data will be lost)?"]);
});
