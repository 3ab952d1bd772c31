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

/** Writes one JSON document, or one line of a stream of them, to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${toJson(value)}\n`);
}
