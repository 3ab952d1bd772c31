import fc from "fast-check";
import { expect, test } from "vitest";
import { nextRunId, runIdTime } from "../../../../../automation/store/run/accept.ts";

const random = fc.uint8Array({ minLength: 8, maxLength: 8 });
const time = fc.integer({ min: 1_600_000_000_000, max: 4_000_000_000_000 });

test("is a UUID of version 7 that holds its time", () => {
  fc.assert(
    fc.property(time, random, (now, bytes) => {
      const id = nextRunId(now, undefined, bytes);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(runIdTime(id)).toBe(now);
    }),
  );
});

test("is greater than the one before, whatever the clock says", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), random), { maxLength: 50 }), (steps) => {
      let now = 1_780_000_000_000;
      let previous: string | undefined;
      for (const [step, bytes] of steps) {
        now += step;
        const id = nextRunId(now, previous, bytes);
        if (previous !== undefined) expect(id > previous).toBe(true);
        previous = id;
      }
    }),
  );
});

test("goes on in the next millisecond when one is full", () => {
  const full = `${nextRunId(1_780_000_000_000, undefined, new Uint8Array(8)).slice(0, 14)}7fff-8000-000000000000`;
  const id = nextRunId(1_780_000_000_000, full, new Uint8Array(8));
  expect(runIdTime(id)).toBe(1_780_000_000_001);
  expect(id > full).toBe(true);
});
