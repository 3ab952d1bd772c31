import { describe, expect, test } from "vitest";
import { describeWatch, formatObservations } from "../../../../cli/runner/observations.ts";
import { formatStacks } from "../../../../cli/runner/status.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const at = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
const view = {
  env: "staging",
  service: "redis",
  kind: "unhealthy" as "unhealthy" | "changed",
  parts: ["redis"],
  run: "r",
};
const watch = { state: "found", since: at(5), looked_at: at(0), findings: 1 } as const;

test("lists what is open, then what is over", () => {
  const lines = formatObservations(
    {
      env: "staging",
      watch,
      open: [
        { ...view, id: "b", found: "redis: exited (137)", seen_at: at(5), confirmed_at: at(5), ended_at: null },
        { ...view, id: "c", found: "redis: unhealthy", seen_at: at(0), confirmed_at: null, ended_at: null },
      ],
      ended: [
        {
          ...view,
          id: "a",
          kind: "changed",
          found: "drift: env.A",
          seen_at: at(90),
          confirmed_at: at(90),
          ended_at: at(30),
        },
      ],
      next: "a",
    },
    NOW,
  ).map((line) => line.replace(/ {2,}/g, "  "));
  expect(lines[0]).toBe("Not as the last update left it for 5 min.");
  expect(lines.slice(3)).toEqual([
    expect.stringMatching(/redis {2}unhealthy {2}5 min {2}no {2}redis: exited \(137\)$/),
    expect.stringMatching(/redis {2}unhealthy {2}now {2}a second look decides {2}redis: unhealthy$/),
    expect.stringMatching(/redis {2}changed {2}1 h {2}30 min {2}drift: env\.A$/),
    "",
    "More: --before a",
  ]);
});

describe("how a stack is", () => {
  test.each([
    [{ state: "left" }, "As the last update left it for 5 min."],
    [{ state: "starting" }, "Something is starting for 5 min: it is judged when it runs."],
    [{ state: "unknown", why: "Dokploy is away" }, "How it is cannot be told for 5 min: Dokploy is away"],
    [{ state: "not_watched", why: "WATCH_INTERVAL is 0" }, "Not watched: WATCH_INTERVAL is 0"],
  ] as const)("%o", (changes, words) => {
    expect(describeWatch({ ...watch, ...changes }, NOW)).toBe(words);
  });

  const stack = {
    ...{
      env: "staging",
      tag: "v1.0.1",
      commit: "a".repeat(40),
      since: at(60),
      healthy: true,
      drift: false,
      behind_by: 0,
    },
    watch,
  };

  test("has a line of its own in the status where it is not as it was left", () => {
    expect(formatStacks([stack], NOW).at(-1)).toBe(
      "staging: Not as the last update left it for 5 min. See: dockmaster observations staging",
    );
    expect(formatStacks([{ ...stack, watch: { ...watch, state: "left", findings: 0 } }], NOW)).toHaveLength(2);
    const { watch: _, ...before } = stack;
    expect(formatStacks([before], NOW)).toHaveLength(2);
    const nothing = { ...stack, commit: null, tag: null, watch: { ...watch, state: "not_watched" as const } };
    expect(formatStacks([nothing], NOW)).toHaveLength(2);
  });
});
