import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { decideOld, pruneEngineFiles } from "../../../../automation/state/prune.ts";

const DAY = 24 * 3_600_000;
const NOW = 1_800_000_000_000;

test.each<[string, [string, number][], number, number, string[]]>([
  ["nothing", [], 10, 0, []],
  [
    "what is older",
    [
      ["a", 1],
      ["b", 9],
      ["c", 11],
    ],
    10,
    0,
    ["b", "a"],
  ],
  [
    "not the newest, however old",
    [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ],
    10,
    2,
    ["a"],
  ],
  [
    "nothing while all are among the newest",
    [
      ["a", 1],
      ["b", 2],
    ],
    10,
    5,
    [],
  ],
])("drops %s", (_name, files, before, newest, expected) => {
  const named = files.map(([name, at]) => ({ name, at }));
  expect(decideOld(named, before, newest)).toEqual(expected);
});

const folder = mkdtempSync(join(tmpdir(), "dockmaster-prune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what the engine piles up is dropped by age, and each stack's newest states stay", async () => {
  const put = (path: string, count: number, days: number) => {
    mkdirSync(join(folder, path), { recursive: true });
    for (let n = 0; n < count; n++) {
      const file = join(folder, path, `${days}-${n}.json`);
      writeFileSync(file, "{}");
      utimesSync(file, (NOW - days * DAY) / 1000, (NOW - days * DAY) / 1000);
    }
  };
  put("state/.pulumi/history/dockmaster/staging", 50, 200);
  put("state/.pulumi/history/dockmaster/staging", 10, 1);
  put("state/.pulumi/history/dockmaster/production", 5, 400);
  put("state/.pulumi/backups/dockmaster/staging", 60, 60);
  put("state/.pulumi/stacks/dockmaster", 1, 900);
  await pruneEngineFiles(`file://${join(folder, "state")}`, NOW);
  const count = (path: string) => readdirSync(join(folder, path)).length;
  expect(count("state/.pulumi/history/dockmaster/staging")).toBe(40);
  expect(count("state/.pulumi/history/dockmaster/production")).toBe(5);
  expect(count("state/.pulumi/backups/dockmaster/staging")).toBe(40);
  expect(count("state/.pulumi/stacks/dockmaster")).toBe(1);
});

test("a backend that is no folder is left to itself", async () => {
  await pruneEngineFiles("s3://bucket", NOW);
});
