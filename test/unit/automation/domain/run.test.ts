import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFinal, nextState, type RunEventType, type RunState } from "../../../../automation/domain/run.ts";

const STATES: RunState[] = ["queued", "waiting", "running", "succeeded", "failed", "canceled", "superseded"];
const EVENTS: RunEventType[] = ["hold", "release", "start", "requeue", "succeed", "fail", "cancel", "supersede"];

const event = fc.constantFrom(...EVENTS);
const state = fc.constantFrom(...STATES);

/** All states on the way, refused events left out. */
function walk(from: RunState, events: RunEventType[]): RunState[] {
  const way = [from];
  for (const each of events) {
    const next = nextState(way.at(-1) ?? from, each);
    if (next) way.push(next);
  }
  return way;
}

describe("a run", () => {
  test("never moves again from a final state", () => {
    fc.assert(
      fc.property(state, fc.array(event, { maxLength: 30 }), (start, events) => {
        const way = walk(start, events);
        const end = way.findIndex(isFinal);
        if (end !== -1) expect(way).toHaveLength(end + 1);
      }),
    );
  });

  test("can always be brought to an end by one event", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const now = walk("queued", events).at(-1) ?? "queued";
        if (isFinal(now)) return;
        const oneStep = EVENTS.map((each) => nextState(now, each)).filter((next) => next !== undefined);
        expect(oneStep.some(isFinal)).toBe(true);
      }),
    );
  });

  test("succeeds only from running", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const way = walk("queued", events);
        if (way.at(-1) === "succeeded") expect(way.at(-2)).toBe("running");
      }),
    );
  });

  test("is never superseded once it runs, unless it was handed back", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const way = walk("queued", events);
        if (way.at(-1) === "superseded") expect(way.at(-2)).not.toBe("running");
      }),
    );
  });
});

test.each<[RunState, RunEventType, RunState | undefined]>([
  ["queued", "start", "running"],
  ["queued", "hold", "waiting"],
  ["waiting", "release", "queued"],
  ["waiting", "start", undefined],
  ["running", "requeue", "queued"],
  ["running", "cancel", "canceled"],
  ["running", "supersede", undefined],
  ["queued", "succeed", undefined],
  ["queued", "supersede", "superseded"],
  ["failed", "requeue", undefined],
])("%s, %s: %s", (from, by, to) => {
  expect(nextState(from, by)).toBe(to);
});

test.each<[RunState, boolean]>([
  ["queued", false],
  ["waiting", false],
  ["running", false],
  ["succeeded", true],
  ["failed", true],
  ["canceled", true],
  ["superseded", true],
])("%s is final: %s", (which, final) => {
  expect(isFinal(which)).toBe(final);
});
