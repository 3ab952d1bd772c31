import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { type Live, openLive } from "../../../../cli/print/live.ts";

function record(terminal: boolean, use: (live: Live) => void): string {
  const stream = Object.assign(new PassThrough(), terminal ? { isTTY: true, rows: 24, columns: 80 } : {});
  const live = openLive(stream as unknown as NodeJS.WriteStream);
  use(live);
  live.close();
  return String(stream.read() ?? "");
}

const use = (live: Live) => {
  live.start("redis", "creating");
  live.start("redis", "creating");
  live.note("the runner does not answer");
  live.end("redis", "ok", "created in 3 s");
};

test("prints plain lines without a terminal: nothing twice, no control characters", () => {
  const text = record(false, use);
  expect(stripVTControlCharacters(text).split("\n")).toEqual([
    "… redis: creating",
    "the runner does not answer",
    "✔ redis: created in 3 s",
    "",
  ]);
  expect(text).not.toContain("\u001b[J");
});

test("clears its spinners in a terminal before every other line and at the end", () => {
  const text = record(true, use);
  const screen = text.split("\u001b[1A\u001b[J");
  // What follows the last clearing is what stays on the screen.
  expect(stripVTControlCharacters(screen.at(-1) ?? "")).toBe("✔ redis: created in 3 s\n");
  expect(stripVTControlCharacters(text)).toContain("redis: creating");
});
