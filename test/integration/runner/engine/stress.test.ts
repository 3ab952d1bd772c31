import { expect, test } from "vitest";
import { KILL_POINTS, killEverywhere } from "../../../stress/kills.ts";
import { sendLoad } from "../../../stress/load.ts";

// The long form is `npm run stress`; its results are in docs/background/stress.md.

test("a few seconds of load: every answer is right, nothing accepted is lost, updates are serial, the last release wins", async () => {
  const { violations, kinds, runs, updates } = await sendLoad({ seconds: 4, perSecond: 25 });
  expect(violations).toEqual([]);
  expect(kinds.every(({ sent }) => sent > 0)).toBe(true);
  expect(updates).toBeGreaterThan(0);
  expect(runs).toBeGreaterThan(updates);
}, 240_000);

test("SIGKILL at the points that last a millisecond: nothing is lost, doubled or left behind", async () => {
  const names = ["claimed", "session on record", "before the end is on record"];
  const points = KILL_POINTS.filter(({ name }) => names.includes(name));
  expect(points.length).toBe(3);
  const results = await killEverywhere(points);
  expect(results.map(({ point, violations }) => [point.name, violations])).toEqual(
    points.map(({ name }) => [name, []]),
  );
}, 300_000);
