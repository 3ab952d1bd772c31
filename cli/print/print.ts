/** Writes lines for people to stdout. */
export function printLines(lines: string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Writes one JSON document, or one line of a stream of them, to stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
