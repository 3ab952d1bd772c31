import { expect, test } from "vitest";
import { formatEvent } from "../../../../cli/runner/logs.ts";

test("a run that waits says for what in its log", () => {
  const at = Date.UTC(2026, 0, 31, 12);
  const record = { type: "phase", name: "waiting", message: "Dokploy is away since 2026-01-31T12:00:00.000Z" } as const;
  expect(formatEvent({ at, record })).toEqual(["12:00:00  waiting: Dokploy is away since 2026-01-31T12:00:00.000Z"]);
  expect(formatEvent({ at, record: { type: "phase", name: "checkout" } })).toEqual(["12:00:00  checkout"]);
});
