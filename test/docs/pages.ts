import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository. */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** A fenced block of a page. */
export interface Block {
  page: string;
  /** Of the fence, from 1. */
  line: number;
  language: string;
  text: string;
  /** What the comment above it says, `needs: a real server` for instance; undefined without one. */
  mark: string | undefined;
}

/** Every page, by its path below `docs/`. */
export function listPages(): string[] {
  return globSync("**/*.md", { cwd: join(ROOT, "docs") }).sort();
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, "docs", page), "utf8");
}

/** The blocks of a page, in order. Throws for a fence that is not closed. */
export function readBlocks(page: string): Block[] {
  const lines = readPage(page).split("\n");
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = "", fence = "", language = ""] = /^(\s*)(```+)\s*(\S*)/.exec(lines[index] ?? "") ?? [];
    if (fence === "") continue;
    const start = index;
    const text: string[] = [];
    while (lines[++index]?.trim() !== fence) {
      const line = lines[index];
      if (line === undefined) throw new Error(`${page}:${start + 1}: the block is not closed`);
      text.push(line.startsWith(indent) ? line.slice(indent.length) : line);
    }
    const above = lines.slice(0, start).findLast((line) => line.trim() !== "");
    const mark = /^\s*<!-- (.*?) -->\s*$/.exec(above ?? "")?.[1];
    blocks.push({ page, line: start + 1, language, text: text.join("\n"), mark });
  }
  return blocks;
}

/** What a block of commands needs: something that no test has, a file that runs it, or a session of the tests'. */
export function readMark({ mark }: Block): { needs: string } | { runBy: string } | { session: string } | undefined {
  const [, kind, value = ""] = /^(needs|run by|session): (.+)$/.exec(mark ?? "") ?? [];
  if (kind === "needs") return { needs: value };
  if (kind === "run by") return { runBy: value };
  return kind === "session" ? { session: value } : undefined;
}

/** Pages that a test of their own takes as a whole, files and all. */
export const TAKEN: Readonly<Record<string, string>> = {
  "guides/add-a-service.md": "test/engine/platform/add-a-service.test.ts",
};

/** The blocks of commands that run here, by page, with the session that the page asks for. */
export function listRunnable(): { page: string; session: string; blocks: Block[] }[] {
  const pages = listPages().filter((page) => !(page in TAKEN));
  return pages.flatMap((page) => {
    const marked = readBlocks(page)
      .filter(({ language }) => language === "sh")
      .map((block) => ({ block, mark: readMark(block) }));
    const blocks = marked.filter(({ mark }) => mark === undefined || "session" in mark).map(({ block }) => block);
    const session = marked.flatMap(({ mark }) => (mark && "session" in mark ? [mark.session] : []))[0] ?? "alone";
    return blocks.length === 0 ? [] : [{ page, session, blocks }];
  });
}
