import { expect, test } from "vitest";
import type { TimedRecord } from "../../../../automation/domain/engine-record.ts";
import { refuseUnknown, toBeLeft } from "../../../../automation/domain/give-up.ts";
import type { Outage, Run } from "../../../../automation/domain/run.ts";

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

test("names what is left", () => {
  expect(refuseUnknown(["d2"], [TOLD])?.hint).toBe("give up only what is left: d1");
});

const asked = { kind: "deploy", giveUp: ["d1"], attempts: 0, outcomes: [] } as const;
const waited = (attempts: number): Outage => ({
  ...{ of: "dokploy", since: 0, until: 1, next: 1, tries: attempts, told: false },
  attempts,
});
test.each<[string, Partial<Run>, string[]]>([
  ["the first try", {}, ["d1"]],
  ["none was given up", { giveUp: undefined! }, []],
  ["a try after an outage before which nothing was done", { attempts: 2, outage: waited(2) }, ["d1"]],
  [
    "a try after an outage before which something was done",
    { attempts: 1, outage: waited(1), outcomes: [{ service: "redis", result: "changed", reason: "" }] },
    [],
  ],
  ["a try after one that was cut off", { attempts: 1 }, []],
  ["a try after an outage and one that was cut off", { attempts: 2, outage: waited(1) }, []],
  ["a preview after one that was cut off", { kind: "preview", attempts: 1 }, ["d1"]],
])("what is given up must be left still: %s", (_, run, expected) => {
  expect(toBeLeft({ ...asked, giveUp: ["d1"], outcomes: [], ...run })).toEqual(expected);
});
