import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Confirmation, decideAfterUpdate } from "../../../../../automation/domain/confirming/confirmation.ts";
import { decideWatched, type WatchedFacts } from "../../../../../automation/domain/confirming/watched.ts";
import type { Run, RunState, ServiceOutcome } from "../../../../../automation/domain/run.ts";
import { LOOK_VERDICTS, type Observation } from "../../../../../automation/domain/watching/observation.ts";

const MINUTE = 60_000;
const crash: Observation = {
  id: "o1",
  stack: "staging",
  service: "redis",
  kind: "restarted",
  parts: [],
  containers: [{ container: "redis", is: "restarted", times: 1 }],
  run: "run-1",
  seenAt: 10,
  confirmedAt: 20,
  endedAt: null,
};
/** A release of minute 0 that is watched for half an hour and was looked at a minute ago. */
const facts = (over: Partial<WatchedFacts> = {}): WatchedFacts => ({
  until: 30 * MINUTE,
  seenAt: 29 * MINUTE,
  look: { at: 30 * MINUTE, verdict: "left" },
  observations: [],
  checks: { say: "hold" },
  toleratedMs: 5 * MINUTE,
  now: 30 * MINUTE,
  ...over,
});

describe("a watched release", () => {
  test.each<[string, Partial<WatchedFacts>, string]>([
    ["is confirmed by a look after its time", {}, "confirm"],
    [
      "is confirmed although somebody changed something by hand",
      { look: { at: 30 * MINUTE, verdict: "found" } },
      "confirm",
    ],
    ["waits for a look after its time", { look: { at: 30 * MINUTE - 1, verdict: "left" } }, "wait"],
    ["waits where nobody looked since", { look: null, seenAt: 0 }, "wait"],
    ["waits where the look could not tell", { look: { at: 31 * MINUTE, verdict: "unknown" } }, "wait"],
    ["waits where a container is starting", { look: { at: 31 * MINUTE, verdict: "starting" } }, "wait"],
    ["waits where nothing is looked at", { look: { at: 31 * MINUTE, verdict: null } }, "wait"],
    ["waits for a second look", { observations: [{ ...crash, confirmedAt: null }] }, "wait"],
    ["waits for checks that cannot tell", { checks: { say: "unknown", why: "no data" } }, "wait"],
    ["is in trouble where something crashed", { observations: [crash] }, "trouble"],
    ["is in trouble before its time too", { now: MINUTE, look: null, seenAt: 0, observations: [crash] }, "trouble"],
    ["is in trouble where a check fails", { checks: { say: "failed", why: "5xx" } }, "trouble"],
    ["is given up where nobody could look for an hour", { seenAt: 0, look: null, now: 60 * MINUTE + 1 }, "give up"],
    [
      "is given up where its checks tell nothing for an hour",
      {
        now: 90 * MINUTE + 1,
        seenAt: 90 * MINUTE,
        look: { at: 90 * MINUTE, verdict: "left" },
        checks: { say: "unknown", why: "no data" },
      },
      "give up",
    ],
  ])("%s", (_name, over, does) => {
    expect(decideWatched(facts(over)).do).toBe(does);
  });

  test("time in which nobody could look does not count", () => {
    const blind = facts({ seenAt: 10 * MINUTE, look: { at: 30 * MINUTE, verdict: "left" } });
    expect(decideWatched(blind)).toEqual({ do: "wait", until: 50 * MINUTE, seenAt: 30 * MINUTE });
  });

  test("is never confirmed without a look that could tell, with trouble, or with checks that do not hold", () => {
    const time = fc.nat(120).map((minutes) => minutes * MINUTE);
    const any: fc.Arbitrary<WatchedFacts> = fc.record({
      until: time,
      seenAt: time,
      look: fc.option(fc.record({ at: time, verdict: fc.option(fc.constantFrom(...LOOK_VERDICTS)) })),
      observations: fc
        .array(
          fc.record({
            confirmedAt: fc.option(fc.constant(20)),
            endedAt: fc.option(fc.constant(30)),
            kind: fc.constantFrom("restarted", "unhealthy", "gone", "replaced", "changed"),
          }),
          { maxLength: 2 },
        )
        .map((all) => all.map((each): Observation => ({ ...crash, ...each }))),
      checks: fc.constantFrom({ say: "hold" }, { say: "failed", why: "w" }, { say: "unknown", why: "w" }),
      toleratedMs: fc.constant(5 * MINUTE),
      now: time,
    });
    let confirmed = 0;
    fc.assert(
      fc.property(any, (known) => {
        if (decideWatched(known).do !== "confirm") return;
        confirmed += 1;
        expect(known.checks.say).toBe("hold");
        for (const { kind, confirmedAt, endedAt } of known.observations) {
          expect(kind === "changed" || (confirmedAt === null && endedAt !== null)).toBe(true);
        }
        const told = known.look && ["left", "found"].includes(known.look.verdict ?? "") ? known.look.at : 0;
        expect(Math.max(told, known.seenAt)).toBeGreaterThanOrEqual(known.until);
      }),
      { numRuns: 5_000, examples: [[facts()]] },
    );
    expect(confirmed).toBeGreaterThan(0);
  });
});

describe("the end of an update", () => {
  const equal: ServiceOutcome[] = [{ service: "redis", result: "unchanged", reason: "equal" }];
  const changed: ServiceOutcome[] = [{ service: "redis", result: "changed", reason: "drift" }];
  const run = (state: RunState, over: Partial<Run> = {}) =>
    ({ kind: "deploy", state, commit: "a", attempts: 1, outcomes: changed, ...over }) as Run;
  const was = (state: Confirmation["state"], commit = "a") => ({ state, commit });
  test.each<[string, Run, ReturnType<typeof was> | undefined, string]>([
    ["the first one", run("succeeded"), undefined, "begin"],
    ["another release", run("succeeded"), was("watching", "b"), "begin"],
    ["another release that changes nothing", run("succeeded", { outcomes: equal }), was("watching", "b"), "begin"],
    ["the same release, which changes something", run("succeeded"), was("watching"), "begin"],
    ["the same one, which finds nothing to do", run("succeeded", { outcomes: equal }), was("watching"), "keep"],
    ["the confirmed one, which finds nothing to do", run("succeeded", { outcomes: equal }), was("confirmed"), "keep"],
    ["the same one after trouble", run("succeeded", { outcomes: equal }), was("trouble"), "begin"],
    ["the same one that nobody watched", run("succeeded", { outcomes: equal }), was("unwatched"), "begin"],
    ["one that failed", run("failed"), was("watching", "b"), "begin"],
    ["one that failed before an engine came", run("failed", { attempts: 0 }), was("watching"), "keep"],
    ["one that was canceled in the middle", run("canceled"), was("watching"), "supersede"],
    ["one that was canceled before it began", run("canceled", { attempts: 0 }), was("watching"), "keep"],
    ["one that was superseded", run("superseded"), was("watching"), "keep"],
    ["a drift check", run("succeeded", { kind: "drift" }), was("watching"), "keep"],
    ["a preview", run("failed", { kind: "preview" }), was("watching"), "keep"],
  ])("%s", (_name, ended, known, does) => {
    expect(decideAfterUpdate(ended, known)).toBe(does);
  });
});
