import { expect, test } from "vitest";
import { toWatchView } from "../../../../automation/answer/observations.ts";
import { emptyMemory } from "../../../../automation/domain/watching/memory.ts";

const around = { open: [], last: { state: "succeeded" }, isLeft: false, isOff: false } as const;
const nothing = { ...emptyMemory(0), why: "the release that it has is older than the look" };

test.each([
  ["nobody looks", { ...around, isOff: true }, nothing, "WATCH_INTERVAL is 0"],
  ["there was nothing to look at, and is not", around, nothing, nothing.why],
  ["there was nothing to look at, and now there is", { ...around, isLeft: true }, nothing, "the first look is due"],
  ["nobody came by yet", { ...around, isLeft: true }, null, "the first look is due"],
  ["nobody came by, for nothing", { ...around, last: undefined }, null, "nothing was deployed yet"],
] as const)("why a stack is not watched: %s", (_, known, memory, why) => {
  const watch = memory === null ? undefined : { stack: "staging", dueAt: 1, lookedAt: null, memory };
  expect(toWatchView(watch, known)).toMatchObject({ state: "not_watched", why });
});
