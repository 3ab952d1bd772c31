import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clearOpenFolders, watchDisk } from "../../../../automation/work/disk.ts";
import { canChangeUsers } from "../../../integration/runner/users/two-users.ts";

const user = { id: 33_000 };
let folder: string;
let own: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "disk-"));
  chmodSync(folder, 0o711);
  own = join(folder, "own");
  mkdirSync(own, { mode: 0o700 });
  chownSync(own, user.id, user.id);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Files of the user's in a folder that only it may look into. */
const write = (files: number, bytes = 0) => {
  for (let i = 0; i < files; i++) {
    const file = join(own, String(i));
    writeFileSync(file, Buffer.alloc(bytes));
    chownSync(file, user.id, user.id);
  }
};
const watch = (kib: number, files: number, ms = 4_000) =>
  new Promise<string>((resolve) => {
    const disk = watchDisk(user, [folder], resolve, { kib, files });
    setTimeout(() => {
      disk.stop();
      resolve("well");
    }, ms);
  });

describe.skipIf(!canChangeUsers())("what a user has on the disk", () => {
  test("is too much in files, in size, or neither", async () => {
    write(50, 30_000);
    expect(await watch(100_000, 40)).toBe("it wrote more than 40 files");
    expect(await watch(1024, 400)).toBe("it wrote more than 1 MiB");
    expect(await watch(100_000, 400)).toBe("well");
  }, 30_000);

  test("is counted, and goes, also when it is more paths than a command line takes", async () => {
    const long = "x".repeat(240);
    const left = Array.from({ length: 9_000 }, (_, index) => `/tmp/${long}-${index}`);
    for (const [index, path] of left.entries()) {
      if (index % 100 === 0) mkdirSync(path);
      else writeFileSync(path, "");
      chownSync(path, user.id, user.id);
    }
    try {
      expect(await watch(100_000, 8_000, 90_000)).toBe("it wrote more than 8000 files");
      await clearOpenFolders(user);
      expect(left.filter((path) => existsSync(path))).toEqual([]);
    } finally {
      for (const path of left) rmSync(path, { recursive: true, force: true });
    }
  }, 120_000);

  test("goes from the folders that are open to all, and nobody else's does", async () => {
    const left = mkdtempSync("/tmp/left-");
    const others = mkdtempSync("/tmp/left-");
    mkdirSync(join(left, "closed/in"), { recursive: true, mode: 0 });
    for (const path of [left, join(left, "closed"), join(left, "closed/in")]) chownSync(path, user.id, user.id);
    await clearOpenFolders(user);
    expect(() => chownSync(left, 0, 0)).toThrow("ENOENT");
    chownSync(others, 0, 0);
    rmSync(others, { recursive: true });
  });
});
