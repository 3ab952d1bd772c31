import { expect, test } from "vitest";
import { dueFullCheck, FULL_CHECK_EVERY, type Lookable, refuseLook } from "../../../../automation/domain/look.ts";

const run: Lookable = { kind: "deploy", attempts: 0, session: null };
const session = { sid: 1, startTime: 1, host: "h", bootId: "b", lockId: null };

test.each<[string, Partial<Lookable>, string | undefined]>([
  ["a deploy", {}, undefined],
  ["a sync", { kind: "sync" }, undefined],
  ["a drift check", { kind: "drift" }, undefined],
  ["a preview", { kind: "preview" }, "only an engine tells what a deploy would change"],
  ["one in full", { full: true }, "an engine was asked for"],
  ["one that gives volumes up", { giveUp: ["data"] }, "it gives up volumes"],
  ["one that gives none up", { giveUp: [] }, undefined],
  ["one that an engine began", { attempts: 1 }, "an engine began it"],
  ["one that was cut off", { session }, "an engine began it"],
])("%s: whether a look may answer it", (_, more, why) => {
  expect(refuseLook({ ...run, ...more })).toBe(why);
});

const now = 1_780_000_000_000;
test.each<[string, { at: number; version: string } | undefined, boolean]>([
  ["a stack of which nothing is kept", undefined, false],
  ["one that an engine just looked at", { at: now, version: "1.0.0" }, false],
  ["one that it looked at nearly a day ago", { at: now - FULL_CHECK_EVERY + 1, version: "1.0.0" }, false],
  ["one that it looked at a day ago", { at: now - FULL_CHECK_EVERY, version: "1.0.0" }, true],
  ["one that the runner of before looked at", { at: now, version: "0.9.0" }, true],
])("%s: whether a full check is due", (_, checked, due) => {
  expect(dueFullCheck({ checked, version: "1.0.0", now })).toBe(due);
});
