import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf, hasPlainState, readState } from "../../../../automation/journal/checkpoint.ts";
import { beginJournal, Unrecordable } from "../../../../automation/journal/journal-file.ts";
import { settleLeftover } from "../../../../automation/journal/leftover.ts";
import { journalFile } from "../../../../automation/journal/paths.ts";
import { JournalConflict, settleJournal } from "../../../../automation/journal/settle.ts";
import type { StackPlace } from "../../../../automation/state/backend.ts";
import { lockFolder, removeLock, takeLock } from "../../../../automation/state/locks.ts";

const state = (...names: string[]) =>
  JSON.stringify({
    version: 3,
    checkpoint: {
      stack: "organization/p/s",
      latest: { manifest: {}, resources: names.map((name) => ({ urn: `urn:pulumi:s::p::t:T::${name}`, type: "t:T" })) },
    },
  });
const step = (sequenceID: number, name: string) =>
  JSON.stringify({
    entries: [
      {
        version: 1,
        kind: 1,
        sequenceID,
        operationID: sequenceID,
        removeOld: null,
        removeNew: null,
        state: {
          urn: `urn:pulumi:s::p::t:T::${name}`,
          type: "t:T",
          custom: true,
          inputs: { text: "lines\nof\u2028it" },
        },
      },
    ],
  });

describe("a journal that was left", () => {
  let place: StackPlace;
  let file: string;
  let journal: string;
  beforeEach(() => {
    place = { folder: mkdtempSync(join(tmpdir(), "settle-")), project: "p", stack: "s" };
    file = join(place.folder, ".pulumi/stacks/p/s.json");
    journal = journalFile(place);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, state("old"));
    writeFileSync(`${file}.attrs`, "{}");
  });
  afterEach(() => rmSync(place.folder, { recursive: true }));

  const begin = () =>
    beginJournal(journal, {
      base: digestOf(readFileSync(file, "utf8")),
      engine: "v3.259.0",
      begun: "1700000000000000000",
    });
  const leave = (...requests: string[]) => {
    const open = begin();
    for (const request of requests) open.add(request, true);
    open.close();
  };
  const names = async () => (await readState(place)).deployment.resources?.map(({ urn }) => urn.split("::").at(-1));

  test("becomes the state, once", async () => {
    leave(step(1, "x"), step(2, "y"));
    expect(await settleJournal(place)).toBe("settled");
    expect(await names()).toEqual(["x", "y", "old"]);
    expect((await readState(place)).deployment.resources?.[0]).toMatchObject({ inputs: { text: "lines\nof\u2028it" } });
    expect(readFileSync(`${file}.bak`, "utf8")).toBe(state("old"));
    expect(readdirSync(dirname(journal))).toEqual([]);
    expect(await settleJournal(place)).toBe("none");
    expect(await names()).toEqual(["x", "y", "old"]);
  });

  test("without a step changes nothing", async () => {
    begin().close();
    expect(await settleJournal(place)).toBe("settled");
    expect(readFileSync(file, "utf8")).toBe(state("old"));
  });

  test("cut off in a line, counts up to that line: what follows was never confirmed", async () => {
    leave(step(1, "x"));
    const whole = readFileSync(journal, "utf8");
    for (const cut of [1, 20, step(2, "y").length - 1]) {
      writeFileSync(journal, whole + step(2, "y").slice(0, cut));
      writeFileSync(file, state("old"));
      expect(await settleJournal(place)).toBe("settled");
      expect(await names()).toEqual(["x", "old"]);
    }
  });

  test("cut off in its first line, counts as none", async () => {
    mkdirSync(dirname(journal), { recursive: true });
    for (const text of ["", '{"base":"']) {
      writeFileSync(journal, text);
      expect(await settleJournal(place)).toBe("settled");
      expect(readFileSync(file, "utf8")).toBe(state("old"));
      expect(existsSync(journal)).toBe(false);
    }
  });

  test("is not recorded twice when that was cut off after the state was written", async () => {
    leave(step(1, "x"));
    copyFileSync(journal, `${journal}.again`);
    await settleJournal(place);
    const written = readFileSync(file, "utf8");
    copyFileSync(`${journal}.again`, journal);
    expect(await settleJournal(place)).toBe("settled");
    expect(readFileSync(file, "utf8")).toBe(written);
  });

  test("is kept, and nothing is written, when somebody changed the state meanwhile", async () => {
    leave(step(1, "x"));
    writeFileSync(file, state("other"));
    const refused = await settleJournal(place).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(JournalConflict);
    const kept = `${journal}.1700000000000000000`;
    expect((refused as JournalConflict).hint).toContain(kept);
    expect(readFileSync(kept, "utf8")).toContain(step(1, "x"));
    expect(readFileSync(file, "utf8")).toBe(state("other"));
    expect(await settleJournal(place)).toBe("none");
  });

  test.each([
    ["removed", () => rmSync(file)],
    ["packed", () => renameSync(file, `${file}.gz`)],
  ])("is kept when the state was %s meanwhile, and the next one finds its way free", async (_, change) => {
    leave(step(1, "x"));
    change();
    await expect(settleJournal(place)).rejects.toThrow("the state was removed or packed");
    expect(readdirSync(dirname(journal))).toEqual(["s.jsonl.1700000000000000000"]);
    expect(await settleJournal(place)).toBe("none");
  });

  test("is kept when it makes no sense, and the next one finds its way free", async () => {
    for (const nonsense of ['{"entries":[{"version":2}]}', step(2, "y").replace('"removeNew":null', '"deleteNew":7')]) {
      leave(step(1, "x"), nonsense);
      await expect(settleJournal(place)).rejects.toThrow("cannot be recorded");
      expect(readFileSync(file, "utf8")).toBe(state("old"));
      const [kept] = readdirSync(dirname(journal));
      expect(kept).toMatch(/^s\.jsonl\.\d+$/);
      rmSync(join(dirname(journal), kept!));
      expect(await settleJournal(place)).toBe("none");
    }
  });

  test("stays where it is while the disk refuses: it may be well again", async () => {
    leave(step(1, "x"));
    mkdirSync(`${file}.tmp`);
    mkdirSync(`${file}.bak.tmp`);
    await expect(settleJournal(place)).rejects.toThrow("EISDIR");
    expect(existsSync(journal)).toBe(true);
    for (const inTheWay of [`${file}.tmp`, `${file}.bak.tmp`]) rmSync(inTheWay, { recursive: true, force: true });
    expect(await settleJournal(place)).toBe("settled");
    expect(await names()).toEqual(["x", "old"]);
  });

  test("without a step is no conflict", async () => {
    begin().close();
    writeFileSync(file, state("other"));
    expect(await settleJournal(place)).toBe("settled");
    expect(readFileSync(file, "utf8")).toBe(state("other"));
  });

  test("with a line that a loss of power left unreadable, counts up to it: what stands behind was not written through", async () => {
    leave(step(1, "x"));
    const hole = "\0".repeat(100);
    writeFileSync(journal, `${readFileSync(journal, "utf8")}${hole}\n${step(2, "y")}\n`);
    expect(await settleJournal(place)).toBe("settled");
    expect(await names()).toEqual(["x", "old"]);
  });

  test("that was taken away takes nothing any more", () => {
    const open = begin();
    rmSync(journal);
    expect(() => open.add(step(1, "x"), false)).toThrow(Unrecordable);
    open.close();
  });

  test("waits while somebody holds the stack, and holds it itself while it becomes the state", async () => {
    expect(await settleLeftover(place)).toBe("none");
    leave(step(1, "x"));
    const lock = await takeLock(lockFolder(place));
    expect(await settleLeftover(place)).toBe("locked");
    expect(await names()).toEqual(["old"]);
    await removeLock(lockFolder(place), lock);
    expect(await settleLeftover(place)).toBe("settled");
    expect(await names()).toEqual(["x", "old"]);
    expect(readdirSync(lockFolder(place))).toEqual([]);
  });

  test("of another update is left alone", async () => {
    begin().close();
    expect(await settleJournal(place, "1")).toBe("none");
    expect(existsSync(journal)).toBe(true);
    expect(await settleJournal(place, "1700000000000000000")).toBe("settled");
  });

  test("is never written over, and takes nothing any more after a write that failed", () => {
    const open = begin();
    expect(begin).toThrow("EEXIST");
    open.close();
    expect(() => open.add(step(1, "x"), true)).toThrow("EBADF");
    expect(() => open.add(step(1, "x"), true)).toThrow("nothing more is begun");
  });
});

test.each([
  [["s.json"], true],
  [["s.json", "s.json.bak", "s.json.attrs", "s.json.bak.attrs", "s2.json"], true],
  [["s.json.gz"], false],
  [["s.json", "s.json.gz"], false],
  [["s2.json"], false],
  [[], false],
])("a stack with %j has a state of one plain file: %s", async (files, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "settle-"));
  const stacks = join(folder, ".pulumi/stacks/p");
  mkdirSync(stacks, { recursive: true });
  for (const name of files) writeFileSync(join(stacks, name), "{}");
  expect(await hasPlainState({ folder, project: "p", stack: "s" })).toBe(expected);
  rmSync(folder, { recursive: true });
});
