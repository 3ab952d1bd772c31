import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findLockOf, isDamaged, readLocks } from "../../../../automation/state/locks.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "locks-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what is too large for a lock, or only leads to one, is not read", async () => {
  const lock = JSON.stringify({ pid: 1, hostname: "here" });
  writeFileSync(join(folder, "good.json"), lock);
  writeFileSync(join(folder, "large.json"), lock);
  truncateSync(join(folder, "large.json"), 100 * 1024 ** 2);
  symlinkSync(join(folder, "good.json"), join(folder, "link.json"));
  const locks = await readLocks(folder);
  expect(locks.map((each) => [each.id, isDamaged(each)]).sort()).toEqual([
    ["good", false],
    ["large", true],
    ["link", true],
  ]);
});

test("a name that no engine gives its lock is none", async () => {
  writeFileSync(join(folder, `${"x".repeat(240)}.json`), "{}");
  expect(await findLockOf(folder, process.getuid?.() ?? 0)).toBeUndefined();
});
