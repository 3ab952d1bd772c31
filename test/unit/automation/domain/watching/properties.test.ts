import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeenResource } from "../../../../../automation/domain/watching/seen.ts";
import { other, restarted, service, watchStack } from "./looks.ts";

const PARTS = ["env.A", "env.B", "settings.autoDeploy", "domains.x/"];

/** What a service can look like, apart from restarts, which are added as they come to pass. */
const state = fc.oneof(
  { weight: 3, arbitrary: fc.constant<SeenResource>(service("redis")) },
  fc.subarray(PARTS, { minLength: 1 }).map((parts) => other("redis", parts)),
  fc
    .constantFrom("exited", "unhealthy", "restarting", "gone", "replaced")
    .map((is) => other("redis", [], [{ container: "redis", is }])),
  fc.constant(service("redis", { is: "gone" })),
  fc.constant(service("redis", { is: "unknown" })),
  fc.constant(service("redis", { is: "other", differs: ["env.A"], starting: true })),
);

const step = fc.record({
  state,
  restarts: fc.nat({ max: 2 }),
  update: fc.boolean(),
  seconds: fc.constantFrom(5, 60, 60, 3600),
});

test("whatever happens, a finding is told exactly once and over exactly once, in this order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stack = watchStack();
      const told = new Map<string, string[]>();
      let restarts = 0;
      let second = 0;
      for (const [index, each] of steps.entries()) {
        second += each.seconds;
        const isRunning = each.state.is === "left";
        if (isRunning) restarts += each.restarts;
        const resource =
          isRunning && each.restarts > 0 ? other("redis", [], [restarted("redis", restarts, second)]) : each.state;
        if (each.update && index % 7 === 6) stack.leave(`run-${index}`);
        const { seen, confirmed, over, changed, dropped } = stack.look([resource], each.seconds);
        for (const [word, list] of Object.entries({ seen, confirmed, over, dropped })) {
          for (const { id } of list) told.set(id, [...(told.get(id) ?? []), word]);
        }
        // What is open is what was seen and did not end.
        const open = [...told].filter(([, words]) => !words.includes("over") && !words.includes("dropped"));
        expect(stack.open.map(({ id }) => id).sort()).toEqual(open.map(([id]) => id).sort());
        // No part belongs to two of them.
        const parts = stack.open.flatMap(({ kind, parts }) =>
          (parts.length > 0 ? parts : [""]).map((part) => `${kind} ${part}`),
        );
        expect(new Set(parts).size).toBe(parts.length);
        if (resource.is === "unknown") {
          expect([...seen, ...confirmed, ...changed, ...dropped.filter(({ kind }) => kind !== "restarted")]).toEqual(
            [],
          );
          expect(over.filter(({ kind }) => kind !== "restarted")).toEqual([]);
        }
        for (const { confirmedAt, endedAt, seenAt } of over) {
          expect(confirmedAt).toBeGreaterThan(seenAt);
          expect(endedAt).toBeGreaterThan(confirmedAt as number);
        }
      }
      for (const words of told.values()) {
        expect([["seen"], ["seen", "dropped"], ["seen", "confirmed"], ["seen", "confirmed", "over"]]).toContainEqual(
          words,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("every restart counts once, however the looks fall", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 3 }), { maxLength: 50 }),
      fc.array(fc.boolean(), { maxLength: 50 }),
      (often, blind) => {
        const stack = watchStack();
        let restarts = 0;
        let second = 0;
        let counted = 0;
        for (const [index, times] of [...often, 0].entries()) {
          restarts += times;
          second += 60;
          const base = stack.memory?.known.redis?.redis?.restarts ?? 0;
          const seesIt = !blind[index] || index === often.length;
          const news = restarts > base ? other("redis", [], [restarted("redis", restarts, second)]) : service("redis");
          const look = stack.look([seesIt ? news : service("redis", { is: "unknown" })]);
          counted += look.restarts.reduce((sum, each) => sum + each.times, 0);
        }
        expect(counted).toBe(restarts);
      },
    ),
    { numRuns: 300 },
  );
});

test("a stack that nobody touches is looked at for 24 hours without a word, and nothing grows", () => {
  const stack = watchStack();
  const resources = ["postgres", "redis", "minio", "authentik"].map((name) => service(name));
  const sizes = new Set<number>();
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const look = stack.look(resources);
    expect(look).toMatchObject({ verdict: "left", soon: false, seen: [], confirmed: [], over: [], dropped: [] });
    sizes.add(JSON.stringify(look.memory).length);
  }
  expect(sizes.size).toBe(1);
  expect(stack.open).toEqual([]);
});
