import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "../../../../automation/state/locks.ts";
import { JournalLeft, setAsideJournal } from "../../../../automation/state/old-journal.ts";

// Written by the release before, whose engine was killed in a first update.
const RECORDED = new URL("../../../fixtures/old-journal.jsonl", import.meta.url).pathname;

let folder: string;
let file: string;
const place = () => ({ folder, project: "dockmaster", stack: "staging" });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "old-journal-"));
  file = join(folder, ".pulumi/journals/dockmaster/staging.jsonl");
  mkdirSync(dirname(file), { recursive: true });
  cpSync(RECORDED, file);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a journal that an older release left is set aside once, whole", async () => {
  const kept = await setAsideJournal(place(), "config: {}\n");
  expect(kept?.startsWith(`${file}.`)).toBe(true);
  expect(readFileSync(kept ?? "", "utf8")).toBe(readFileSync(RECORDED, "utf8"));
  expect(existsSync(file)).toBe(false);
  expect(await setAsideJournal(place(), "config: {}\n")).toBeUndefined();
});

test("it stays while somebody holds the stack: its update may be at work", async () => {
  mkdirSync(lockFolder(place()), { recursive: true });
  writeFileSync(join(lockFolder(place()), "1f0c.json"), "{}");
  expect(await setAsideJournal(place(), "config: {}\n")).toBeUndefined();
  expect(existsSync(file)).toBe(true);
});

test("it is refused, and stays, where not all that it tells can be found again: with where it is and what to do", async () => {
  const refused = await setAsideJournal(place(), "config:\n  platform:secrets: vault\n").catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(JournalLeft);
  expect(refused).toMatchObject({
    message: expect.stringContaining(file),
    hint: expect.stringContaining("release before"),
  });
  expect(existsSync(file)).toBe(true);
});
