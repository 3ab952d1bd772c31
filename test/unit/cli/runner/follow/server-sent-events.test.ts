import { expect, test } from "vitest";
import { parseServerSentEvents } from "../../../../../cli/runner/follow/server-sent-events.ts";

async function parse(...chunks: (string | Uint8Array)[]) {
  async function* stream() {
    for (const chunk of chunks) yield typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  }
  return Array.fromAsync(parseServerSentEvents(stream()));
}

test("reads id, type and data, and keeps the id for events that have none", async () => {
  expect(await parse('id: 7\nevent: resource\ndata: {"a":1}\n\ndata: x\n\n')).toEqual([
    { id: "7", type: "resource", data: '{"a":1}' },
    { id: "7", type: "message", data: "x" },
  ]);
});

test("joins lines of data, takes every kind of line end and skips comments", async () => {
  expect(await parse(": alive\r\ndata: one\r\ndata:two\r\n\r\n: alive\n\n")).toEqual([
    { id: undefined, type: "message", data: "one\ntwo" },
  ]);
});

test("puts together what the network cut apart, also inside of a character or a line end", async () => {
  const bytes = new TextEncoder().encode("data: größe\r\n\r\n");
  for (let cut = 1; cut < bytes.length; cut++) {
    const events = await parse(bytes.subarray(0, cut), bytes.subarray(cut));
    expect(
      events.map(({ data }) => data),
      `cut at ${cut}`,
    ).toEqual(["größe"]);
  }
});

test("leaves out an event that the end cut off", async () => {
  expect(await parse("data: whole\n\ndata: half\n")).toHaveLength(1);
});
