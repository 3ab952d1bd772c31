import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXAMPLES } from "./additions.ts";
import { ROOT, readPage } from "./pages.ts";

const page = readPage("background/working-on-it.md");

/** What the page says of each addition: how many files, and which. */
const additions = page
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [, name = "", count = ""] = /^(.+): (\d+) files?$/m.exec(section) ?? [];
    return { name, count: Number(count), files: [...section.matchAll(/^- `([^`]+)`/gm)].map(([, file = ""]) => file) };
  });

test("the table of steps names rooms and files that there are, and every room of the runner", () => {
  const rows = page.split("\n").filter((line) => /^\| .* \| `[\w/]+\/` \|/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    for (const [, path = ""] of row.matchAll(/`([\w./-]+)`/g)) expect(existsSync(join(ROOT, path)), path).toBe(true);
  }
  // What is left of the command there goes with the release after.
  const rooms = readdirSync(join(ROOT, "automation"), { withFileTypes: true }).filter((each) => each.isDirectory());
  for (const room of rooms.map(({ name }) => name).filter((name) => name !== "cli")) {
    expect(page, room).toContain(`automation/${room}/`);
  }
});

test.each(additions)("$name is as many files as it says, and those that are changed are there", ({ count, files }) => {
  expect(files).toHaveLength(count);
  for (const file of files.filter((each) => !each.includes("<"))) expect(existsSync(join(ROOT, file)), file).toBe(true);
});

describe("in a copy of the repository", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-adding-"));
    for (const part of ["automation", "cli", "components", "stacks", "text", "tools", "package.json"]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each(EXAMPLES)("$name is added in these files and works", (example) => {
    const told = additions.find(({ name }) => name === example.name);
    expect(Object.keys(example.edits)).toEqual(told?.files.map((file) => file.replace(/<\w+>/, example.called)));
    for (const [file, edits] of Object.entries(example.edits)) {
      for (const edit of edits) {
        const path = join(folder, file);
        if (typeof edit === "string") writeFileSync(path, edit, { flag: "wx" });
        else {
          const text = readFileSync(path, "utf8");
          expect(text.split(edit[0]), `${file}: ${edit[0]}`).toHaveLength(2);
          writeFileSync(
            path,
            text.replace(edit[0], () => edit[1]),
          );
        }
      }
    }
    const words = ["--input-type=module-typescript", "-e", example.script];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual(example.prints);
  });
});
