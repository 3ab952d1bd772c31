import { expect, test } from "vitest";
import { RequestError } from "../../../../automation/errors.ts";
import { createRateLimit } from "../../../../automation/http/rate-limit.ts";

const T0 = 1_000_000;
const take = (limit: ReturnType<typeof createRateLimit>, source: string, at: number): number | undefined => {
  try {
    limit.take(source, at);
    return undefined;
  } catch (error) {
    return (error as RequestError).retryAfter;
  }
};

test("a source may send a burst, and then what it may send by and by", () => {
  const limit = createRateLimit({ burst: 3, perSecond: 2 });
  expect([1, 2, 3].map(() => take(limit, "a", T0))).toEqual([undefined, undefined, undefined]);
  expect(take(limit, "a", T0)).toBe(1);
  expect(() => limit.take("a", T0)).toThrow(RequestError);
  expect(take(limit, "b", T0)).toBeUndefined();
  expect(take(limit, "a", T0 + 499)).toBe(1);
  expect(take(limit, "a", T0 + 1500)).toBeUndefined();
});

test("who asks again too soon is let in when it is time all the same", () => {
  const limit = createRateLimit({ burst: 1, perSecond: 1 });
  const taken = Array.from({ length: 31 }, (_, index) => take(limit, "a", T0 + index * 100) === undefined);
  expect(taken.filter(Boolean).length).toBeGreaterThanOrEqual(3);
});

test("it never saves up more than a burst", () => {
  const limit = createRateLimit({ burst: 2, perSecond: 100 });
  take(limit, "a", T0);
  const later = T0 + 3_600_000;
  expect([1, 2, 3].map(() => take(limit, "a", later) === undefined)).toEqual([true, true, false]);
});

test("many sources are no way to fill the memory, and none to be forgotten at once", () => {
  const limit = createRateLimit({ burst: 1, perSecond: 0.001 });
  for (let n = 0; n < 20_000; n++) take(limit, `source ${n}`, T0);
  expect(take(limit, "source 19999", T0)).toBeGreaterThan(0);
  expect(take(limit, "source 0", T0)).toBeUndefined();
});
