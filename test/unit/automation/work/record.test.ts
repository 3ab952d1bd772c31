import { expect, test, vi } from "vitest";
import type { Log } from "../../../../automation/log.ts";
import { createMask } from "../../../../automation/mask.ts";
import { openRecord } from "../../../../automation/work/record.ts";

const SECRET = "planted-secret-value";

test("a secret that stands where a message is cut is masked whole", async () => {
  const written: unknown[] = [];
  const log = { error: vi.fn() } as unknown as Log;
  const record = openRecord({
    mask: createMask(() => [SECRET]),
    log,
    append: async (events) => void written.push(...events),
  });
  for (const length of [7_981, 7_990, 7_999]) {
    const message = `${"x".repeat(length)}${SECRET} and what follows`;
    record.engine({ at: 1, event: { type: "diagnostic", severity: "error", urn: null, message } });
  }
  await record.flush();
  const texts = record.records.map(({ event }) => (event.type === "diagnostic" ? event.message : ""));
  expect(texts.map((text) => text.length)).toEqual([8_000, 8_000, 8_000]);
  for (let end = 6; end <= SECRET.length; end++) {
    expect(JSON.stringify([texts, written])).not.toContain(`x${SECRET.slice(0, end)}`);
  }
});
