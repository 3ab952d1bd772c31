import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { causeOf } from "../../../../automation/domain/cause.ts";
import { describeOutage, findOutage, type OutageFacts, planWait } from "../../../../automation/domain/outage.ts";
import type { Outage, OutageOf } from "../../../../automation/domain/run.ts";

const T0 = 1_780_000_000_000;
const MINUTE = 60_000;
const facts = (over: Partial<OutageFacts> = {}): OutageFacts => ({
  of: "dokploy",
  now: T0,
  patienceMs: 30 * MINUTE,
  progressed: false,
  started: true,
  ...over,
});

/** All waits of a run whose every try fails at once, and when it was given up. */
function waitOut(over: Partial<OutageFacts> = {}, took = 0): { waits: Outage[]; end: number } {
  const waits: Outage[] = [];
  for (let now = T0; ; ) {
    const next = planWait(waits.at(-1) ?? null, facts({ ...over, now }));
    if (!next) return { waits, end: now };
    waits.push(next);
    now = (next.next ?? now) + took;
  }
}

describe("the waits of a run while something is away", () => {
  test("grow to a minute and end when the patience does", () => {
    const { waits, end } = waitOut();
    const pauses = waits.map(({ next }, at) => (next! - (waits[at - 1]?.next ?? T0)) / 1000);
    expect(pauses.slice(0, 7)).toEqual([5, 10, 20, 40, 60, 60, 60]);
    expect(end).toBe(T0 + 30 * MINUTE);
    expect(waits.every(({ since, until }) => since === T0 && until === T0 + 30 * MINUTE)).toBe(true);
  });

  test("are longer than Dokploy needs to start", () => {
    expect(waitOut().waits.filter(({ next }) => next! >= T0 + 70_000).length).toBeGreaterThan(1);
  });

  test("are none without patience", () => {
    expect(waitOut({ patienceMs: 0 }).waits).toEqual([]);
  });

  test("for another update's lock are three, as a lock that nobody holds is never let go", () => {
    const { waits } = waitOut({ of: "stack" });
    expect(waits.map(({ next }) => (next! - T0) / 1000)).toEqual([5, 15, 35]);
    expect(waits.some(({ told }) => told)).toBe(false);
  });

  test("end although what is away comes and goes, or one thing after another is away", () => {
    const other = fc.constantFrom<OutageOf>("dokploy", "docker", "vault", "git");
    fc.assert(
      fc.property(fc.array(fc.record({ of: other, progressed: fc.boolean(), took: fc.nat(90_000) })), (tries) => {
        let [outage, now]: [Outage | null, number] = [null, T0];
        for (const { of, progressed, took } of tries) {
          const next = planWait(outage, facts({ of, progressed, now }));
          if (!next) return expect(now).toBeGreaterThanOrEqual(T0 + 30 * MINUTE);
          expect(next.until).toBe(T0 + 30 * MINUTE);
          expect(next.next).toBeLessThanOrEqual(next.until!);
          [outage, now] = [next, next.next! + took];
        }
      }),
    );
  });

  test("begin anew when it was there in between, and are told once they last", () => {
    const first = planWait(null, facts())!;
    expect(first.told).toBe(false);
    const later = planWait(first, facts({ now: T0 + 2 * MINUTE }))!;
    expect(later).toMatchObject({ since: T0, told: true, tries: 2, attempts: 2 });
    expect(planWait(later, facts({ now: T0 + 3 * MINUTE, progressed: true }))).toMatchObject({
      since: T0 + 3 * MINUTE,
    });
  });

  test("of a run that took another's place know since when, and have a patience of their own", () => {
    const inherited: Outage = {
      of: "dokploy",
      since: T0 - MINUTE,
      until: null,
      next: null,
      tries: 0,
      attempts: 0,
      told: true,
    };
    expect(planWait(inherited, facts())).toMatchObject({
      since: T0 - MINUTE,
      until: T0 + 30 * MINUTE,
      tries: 1,
      told: true,
    });
  });

  test("do not count as attempts that were cut off", () => {
    expect(planWait(null, facts({ started: false }))).toMatchObject({ tries: 1, attempts: 0 });
  });
});

test("says what is away, and since when", () => {
  expect(describeOutage({ of: "dokploy", since: T0 })).toBe(`Dokploy is away since ${new Date(T0).toISOString()}`);
});

test("waits for nothing while a service failed for a reason of its own", () => {
  const away = causeOf("dokploy_unreachable", "m");
  const failed = (code: Parameters<typeof causeOf>[0]) => ({
    service: "redis",
    result: "failed" as const,
    reason: "",
    cause: causeOf(code, "m"),
  });
  expect(findOutage(away, [failed("dokploy_unreachable")], { known: true })).toBe("dokploy");
  expect(findOutage(away, [failed("unhealthy")], { known: true })).toBeUndefined();
});
