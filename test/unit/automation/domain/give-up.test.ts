import { expect, test } from "vitest";
import type { TimedRecord } from "../../../../automation/domain/engine-record.ts";
import { mustLeave, refuseUnknown } from "../../../../automation/domain/give-up.ts";

const said = (message: string): TimedRecord => ({
  at: 0,
  event: { type: "diagnostic", severity: "info", urn: null, message },
});
const made: TimedRecord = {
  at: 0,
  event: {
    type: "resource",
    phase: "started",
    op: "create",
    urn: "urn:pulumi:s::p::a$dokploy:Compose::redis",
    keys: [],
  },
};
const TOLD = said("redis gives up volume d1: container redis has volume d1 at /data and would start without it");

test.each<[string, string[], TimedRecord[], string | null]>([
  ["what is left", ["d1"], [TOLD], null],
  ["nothing", [], [], null],
  ["what nobody leaves", ["d2"], [TOLD], "no service leaves d2, and nothing was changed"],
  ["what nobody leaves, beside what is left", ["d1", "d2"], [TOLD], "no service leaves d2, and nothing was changed"],
  ["what only the update can tell", ["d2"], [said("redis: what it leaves is known only to the update")], null],
  ["what a service may leave that the state does not know", ["d2"], [made], null],
])("gives up %s", (_, givenUp, records, expected) => {
  expect(refuseUnknown(givenUp, records)?.message ?? null).toBe(expected);
});

test("is asked for only before the first attempt: a later one finds it left already", () => {
  expect(mustLeave({ giveUp: ["d1"] }, 1)).toEqual(["d1"]);
  expect(mustLeave({ giveUp: ["d1"] }, 2)).toEqual([]);
  expect(mustLeave({}, 1)).toEqual([]);
});

test("names what is left", () => {
  expect(refuseUnknown(["d2"], [TOLD])?.hint).toBe("give up only what is left: d1");
});
