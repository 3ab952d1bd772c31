import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kindsWith, RUN_KINDS, UPDATES } from "../../../../automation/domain/run-kinds.ts";

const ROOT = join(import.meta.dirname, "../../../..");

test("what writes are deploys and syncs, in this order: an index of the store is made of these words", () => {
  expect(UPDATES).toEqual(["deploy", "sync"]);
  const migrations = readFileSync(join(ROOT, "automation/store/database/migrations.ts"), "utf8");
  expect(migrations).toContain(`kind IN (${UPDATES.map((kind) => `'${kind}'`).join(", ")})`);
});

test("kinds are found by several facts at once, and all of them without any", () => {
  expect(kindsWith()).toEqual(Object.keys(RUN_KINDS));
  expect(kindsWith({ changesStack: false, worksOffline: true })).toEqual(["drift"]);
});

test("nobody else asks which kind a run is, or lists kinds: they ask the table", () => {
  const one = `['"](${kindsWith().join("|")})['"]`;
  const spelled = new RegExp(
    `(?<!job\\.)\\bkind (===|!==) ${one}|\\bkinds: \\[${one}|\\[${one}, ${one}|\\bIN \\(${one}`,
  );
  const files = globSync("{automation,cli}/**/*.ts", { cwd: ROOT }).filter((file) => !file.endsWith("migrations.ts"));
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
    return lines.filter((line) => spelled.test(line)).map((line) => `${file}: ${line.trim()}`);
  });
  expect(found).toEqual([]);
});
