import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { leastTime, nextLook } from "../../../../components/dokploy/pace.ts";
import { DEFAULT_TIMING } from "../../../../components/dokploy/timing.ts";

/** When a deployment of so long is looked at, until its end is seen. */
function looks(duration: number, least: number): number[] {
  const times: number[] = [];
  for (let now = 0; now < duration; times.push(now)) now += nextLook(now, least, DEFAULT_TIMING);
  return times;
}

const seconds = fc.integer({ min: 1, max: 900_000 });

describe("looks at a deployment", () => {
  it.each([
    ["a text that Compose refuses", 200, 0, 1],
    ["one without health checks", 1_000, 0, 2],
    ["a first one of redis", 6_100, 5_000, 2],
    ["a first one of postgres, in two stages", 11_400, 10_000, 3],
    ["a first one of half a minute", 30_000, 5_000, 13],
    ["one of ten minutes", 600_000, 5_000, 76],
  ])("are few: %s", (_, duration, least, most) => {
    expect(looks(duration, least).length).toBeLessThanOrEqual(most);
  });

  it("notice its end late by a fifth of it at most, and half of that on average", () => {
    fc.assert(
      fc.property(fc.integer({ min: 6_200, max: 900_000 }), fc.constantFrom(0, 5_000), (duration, least) => {
        const late = (looks(duration, least).at(-1) ?? 0) - duration;
        expect(late).toBeLessThanOrEqual(duration * 0.18 + 1);
      }),
    );
    const durations = Array.from({ length: 500 }, (_, index) => 6_200 + index * 200);
    const late = durations.map((duration) => ((looks(duration, 5_000).at(-1) ?? 0) - duration) / duration);
    expect(late.reduce((sum, each) => sum + each, 0) / late.length).toBeLessThan(0.1);
  });

  it("never come at once again, nor later than the longest pause", () => {
    fc.assert(
      fc.property(seconds, seconds, (elapsed, least) => {
        const pause = nextLook(elapsed, least, DEFAULT_TIMING);
        expect(pause).toBeGreaterThan(0);
        expect(pause).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});

const service = (extra: string) => `  ${extra}`;

test.each<[string, string[], number]>([
  ["nothing is asked for its health", ["a: {image: a}"], 0],
  [
    "the longest interval of those side by side",
    ["a: {healthcheck: {test: x, interval: 5s}}", "b: {healthcheck: {test: x, interval: 1m}}"],
    60_000,
  ],
  [
    "the sum of what waits for each other",
    [
      "a: {healthcheck: {test: x, interval: 5s}}",
      "b: {depends_on: {a: {condition: service_healthy}}, healthcheck: {test: x, interval: 500ms}}",
    ],
    5_500,
  ],
  [
    "what only starts after another",
    [
      "a: {healthcheck: {test: x, interval: 5s}}",
      "b: {depends_on: {a: {condition: service_started}}, healthcheck: {test: x, interval: 1s}}",
    ],
    5_000,
  ],
  ["an interval that counts only later", ["a: {healthcheck: {test: x, interval: 5s, start_interval: 1s}}"], 0],
  ["an image's own check, which may have another interval", ["a: {healthcheck: {interval: 5s}}"], 0],
  ["what is not started", ["a: {profiles: [debug], healthcheck: {test: x, interval: 5s}}"], 0],
  [
    "what waits for itself",
    ["a: {depends_on: {a: {condition: service_healthy}}, healthcheck: {test: x, interval: 2s}}"],
    2_000,
  ],
  ["a time in words of its own", ["a: {healthcheck: {test: x, interval: 1m30s}}"], 0],
])("the least time counts %s", (_, services, least) => {
  expect(leastTime(["services:", ...services.map(service)].join("\n"))).toBe(least);
});
