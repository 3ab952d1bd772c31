import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { createMetrics } from "../../automation/metrics.ts";
import { variablesThat } from "../../automation/variables.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { apiReference } from "../../tools/docs/api-reference.ts";
import { variablesReference } from "../../tools/docs/variables-reference.ts";
import { listPages, ROOT, readBlocks, readMark, readPage, TAKEN } from "./pages.ts";
import { SESSIONS } from "./session.ts";

const pages = listPages();
const LANGUAGES = ["sh", "yaml", "json", "ts", "text", "diff", "mermaid", "ini"];

describe.each(pages)("%s", (page) => {
  const blocks = readBlocks(page);

  test("says of every block what it is, and writes commands as sh", () => {
    for (const { language, line } of blocks) expect(LANGUAGES, `${page}:${line}`).toContain(language);
  });

  test("has its commands run by a test, or says what they need", () => {
    for (const block of blocks.filter(({ language }) => language === "sh")) {
      const mark = readMark(block);
      if (mark && "runBy" in mark) {
        const file = readFileSync(join(ROOT, mark.runBy), "utf8");
        for (const line of block.text.split("\n")) expect(file, `${page}:${block.line}`).toContain(line);
      }
      if (mark && "session" in mark) expect(Object.keys(SESSIONS)).toContain(mark.session);
    }
  });

  test("names commands and options of dockmaster that there are", async () => {
    const program = await loadProgram();
    const lines = readPage(page)
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n");
    for (const [index, line] of lines.entries()) {
      for (const [, words = ""] of line.matchAll(/(?:npx |`|\$\()dockmaster ([^`#|;&)]+)/g)) {
        expect(mistakeOf(program, words), `${page}:${index + 1}: dockmaster ${words}`).toBeUndefined();
      }
    }
  });
});

test.each(Object.entries(TAKEN))("%s has a test of its own", (page, file) => {
  expect(readFileSync(join(ROOT, file), "utf8")).toContain(`docs/${page}`);
});

test("every page is in the navigation, and everything in the navigation is a page", () => {
  const text = readFileSync(join(ROOT, "docs/mkdocs.yml"), "utf8");
  const { nav } = parseDocument(text).toJS() as { nav: unknown[] };
  const listed = JSON.stringify(nav).match(/[\w./-]+\.md/g) ?? [];
  // Written by `npm run bench` and `npm run stress`, and not before.
  const measured = ["background/benchmarks.md", "background/stress.md"].filter((page) => !pages.includes(page));
  expect(listed.toSorted()).toEqual([...pages, ...measured].toSorted());
});

test("the page about the API is what its program makes of the schemas", () => {
  expect(readPage("reference/api.md"), "node tools/docs/api-reference.ts > docs/reference/api.md").toBe(apiReference());
});

describe("the page about the runner's variables", () => {
  const page = readPage("reference/runner.md");

  test("is what its program makes of the table", () => {
    expect(page, "node tools/docs/variables-reference.ts > docs/reference/runner.md").toBe(variablesReference());
  });

  test("lists every variable that the runner reads", () => {
    const read = variablesThat(({ reads, secret }) => reads ?? secret);
    const listed = [...page.matchAll(/^\| `([A-Z_0-9]+)`/gm)].map(([, name]) => name);
    expect(read.length).toBeGreaterThan(30);
    expect(listed).toEqual(expect.arrayContaining(read));
  });
});

test("the page about watching names every metric that there is, and no other", async () => {
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  const own = metrics.map(({ name }) => name).filter((name) => name.startsWith("dockmaster_"));
  const named = readPage("guides/watch.md").match(/dockmaster_[a-z_]+/g) ?? [];
  expect([...new Set(named.map((name) => name.replace(/_(bucket|sum|count)$/, "")))].sort()).toEqual(own.sort());
});

test("what builds the site is pinned with hashes", () => {
  const lines = readFileSync(join(ROOT, "docs/requirements.txt"), "utf8").split("\n");
  const packages = lines.filter((line) => /^[a-z]/i.test(line));
  expect(packages.length).toBeGreaterThan(10);
  for (const line of packages) expect(line).toMatch(/^[\w.-]+==[\w.]+ \\$/);
});

test("pages point only at files of the repository that there are", () => {
  for (const page of pages) {
    for (const [, path = ""] of readPage(page).matchAll(
      /`((?:automation|cli|components|emulator|stacks|tools|test|docs)\/[\w./-]+)`/g,
    )) {
      expect(existsSync(join(ROOT, path)), `${page}: ${path}`).toBe(true);
    }
  }
});

test("the glossary keeps to thirty words", () => {
  const words = [...readPage("reference/words.md").matchAll(/^\| (?!word )(\w[^|]*) \|/gm)].map(([, word]) => word);
  expect(words.length).toBeGreaterThan(20);
  expect(words.length).toBeLessThanOrEqual(30);
  expect(new Set(words).size).toBe(words.length);
});

test.each(["README.md", "components/README.md"])("%s links only to files that there are", (page) => {
  const links = [...readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, path = ""] of links) expect(existsSync(join(ROOT, page, "..", path)), path).toBe(true);
});

let loaded: Promise<Command> | undefined;
function loadProgram(): Promise<Command> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Command> {
  const program = new Command("dockmaster");
  for (const { name, load: loadCommand } of COMMANDS) (await loadCommand()).define(program.command(name));
  return program;
}

/** What is wrong with the words after `dockmaster`, as far as that can be told without doing it. */
function mistakeOf(program: Command, text: string): string | undefined {
  const words = text.match(/"[^"]*"|\S+/g) ?? [];
  let command = program;
  while (words.length > 0 && command.commands.length > 0) {
    const name = words.shift() ?? "";
    const found = command.commands.find((each) => each.name() === name);
    // `dockmaster <command>`, or a group without its command, names nothing that could be wrong.
    if (!found) return name.startsWith("<") || name.startsWith("-") ? undefined : `there is no command ${name}`;
    command = found;
  }
  const given: string[] = [];
  while (words.length > 0) {
    const word = words.shift() ?? "";
    const [flag, value] = word.split("=");
    if (!word.startsWith("-")) given.push(word);
    else if (flag !== "--help") {
      const option = command.options.find(({ long, short }) => flag === long || flag === short);
      if (!option) return `there is no option ${flag}`;
      if (option.required && value === undefined) words.shift();
    }
  }
  const known = command.registeredArguments;
  if (!known.some(({ variadic }) => variadic) && given.length > known.length) return `${given.at(-1)} is one too many`;
  return undefined;
}
