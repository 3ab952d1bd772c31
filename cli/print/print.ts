import { toJson } from "../../text/characters.ts";
import { toTerminal } from "./terminal.ts";

/** Writes lines for people to stdout. */
export function printLines(lines: string[]): void {
  for (const line of lines) process.stdout.write(`${toTerminal(line)}\n`);
}

/** Writes a text for people to stdout that ends its own lines. */
export function printText(text: string): void {
  process.stdout.write(toTerminal(text));
}

/** Writes a line to stderr, for what people have to know while a program may read stdout. */
export function printAside(line: string): void {
  process.stderr.write(`${toTerminal(line)}\n`);
}

/** Writes Markdown to stdout for a file: what others wrote in it went through `text/markdown.ts`, which shows what is hidden. */
export function printMarkdown(text: string): void {
  process.stdout.write(text);
}

/** Writes one JSON document, or one line of a stream of them, to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${toJson(value)}\n`);
}
