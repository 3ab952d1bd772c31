import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { behindGate, findGate, isSameGate } from "../../../../../automation/domain/gates/gate.ts";
import { describeHold, type Hold, isOpen } from "../../../../../automation/domain/gates/hold.ts";
import { isFinal, RUN_STATES, type Run } from "../../../../../automation/domain/run.ts";
import { kindsWith, RUN_KINDS } from "../../../../../automation/domain/run-kinds.ts";

const NOW = 1_000;
const hold = (over: Partial<Hold> = {}): Hold => ({
  id: "h1",
  stack: "staging",
  by: "ada",
  reason: "the database is moved",
  madeAt: 0,
  until: null,
  takenBack: null,
  endedAt: null,
  endedBy: null,
  ...over,
});
const deploy = { kind: "deploy", rollback: false, state: "queued" } as const;

describe("what holds a run back", () => {
  test.each<[string, Parameters<typeof findGate>[0], Hold[], string | null]>([
    ["nothing without a hold", deploy, [], null],
    ["a hold", deploy, [hold()], "h1"],
    ["not one that was lifted", deploy, [hold({ endedAt: 5 })], null],
    ["not one whose time is over", deploy, [hold({ until: NOW })], null],
    ["one whose time is not over", deploy, [hold({ until: NOW + 1 })], "h1"],
    ["the one that lasts longest", deploy, [hold({ until: 2_000 }), hold({ id: "h2", until: 3_000 })], "h2"],
    ["one without an end rather than any other", deploy, [hold({ id: "h2" }), hold({ until: 3_000 })], "h2"],
    ["a sync too", { ...deploy, kind: "sync" }, [hold()], "h1"],
    ["one that waits for something else too", { ...deploy, state: "waiting" }, [hold()], "h1"],
    ["not a rollback", { ...deploy, rollback: true }, [hold()], null],
    ["not a preview", { ...deploy, kind: "preview" }, [hold()], null],
    ["not a drift check", { ...deploy, kind: "drift" }, [hold()], null],
    ["not what is under way", { ...deploy, state: "running" }, [hold()], null],
  ])("%s", (_name, run, holds, id) => {
    expect(findGate(run, { holds, now: NOW })?.id ?? null).toBe(id);
  });

  const holds = fc.array(
    fc.record({ id: fc.uuid(), until: fc.option(fc.nat(2_000)), endedAt: fc.option(fc.nat(2_000)) }).map(hold),
  );
  const runs = fc.record({
    kind: fc.constantFrom(...kindsWith()),
    rollback: fc.boolean(),
    state: fc.constantFrom(...RUN_STATES.filter((state) => !isFinal(state))),
  });

  test("is something exactly when a hold is open and the run goes forward, in whatever order they come", () => {
    fc.assert(
      fc.property(holds, runs, (all, run) => {
        const gate = findGate(run, { holds: all, now: NOW });
        const forward = RUN_KINDS[run.kind].changesStack && !run.rollback && run.state !== "running";
        expect(gate !== null).toBe(forward && all.some((each) => isOpen(each, NOW)));
        expect(isSameGate(gate, findGate(run, { holds: all.toReversed(), now: NOW }))).toBe(true);
      }),
    );
  });
});

test("a run that is let go waits for what is away, or for its turn", () => {
  const gate = { kind: "hold", id: "h1", by: "ada", reason: "r", until: null } as const;
  const run = { state: "queued" } as Run;
  const held = behindGate(run, gate);
  expect(held).toMatchObject({ state: "waiting", gate });
  expect(behindGate(held, null)).toEqual({ state: "queued" });
  const outage = { next: 5 } as Run["outage"];
  expect(behindGate({ ...held, outage } as Run, null)).toEqual({ state: "waiting", outage });
  expect(behindGate(run, null)).toBe(run);
});

test("a hold says who, until when and why", () => {
  expect(describeHold(hold())).toBe("held by ada until it is lifted: the database is moved");
  expect(describeHold(hold({ until: 0 }))).toBe("held by ada until 1970-01-01T00:00:00.000Z: the database is moved");
});
