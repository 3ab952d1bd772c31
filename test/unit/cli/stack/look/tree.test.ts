import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestTree } from "../../../../../cli/stack/look/tree.ts";

let folder: string;
const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const digest = () => digestTree(folder, "staging");
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-tree-"));
  for (const each of ["docs", "components/redis"]) mkdirSync(join(folder, each), { recursive: true });
  write("components/redis/index.ts", "1");
  write("docs/redis.conf", "1");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what people read has no say in it, what a program reads has", () => {
  const before = digest();
  expect(before).toBeDefined();
  write("docs/redis.conf", "2");
  expect(digest()).toBe(before);
  write("components/redis/index.ts", "2");
  expect(digest()).not.toBe(before);
});

test("a file that a link names counts wherever it is, and of a folder that one names only an engine can tell", () => {
  symlinkSync("../../docs/redis.conf", join(folder, "components/redis/redis.conf"));
  const before = digest();
  expect(before).toBeDefined();
  write("docs/redis.conf", "2");
  expect(digest()).not.toBe(before);
  symlinkSync("../../docs", join(folder, "components/redis/more"));
  expect(digest()).toBeUndefined();
});
