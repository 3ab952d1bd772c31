import { stripVTControlCharacters } from "node:util";

const LINES = 15;

/** What a program prints as one line may be anything: a longer one is not worth searching for what must be masked. */
const LONGEST = 100_000;

/**
 * The last lines of a log that say something: without colours, frames and Dokploy's own greeting and farewell. Lines are whole: half
 * a secret would not be recognised any more, so they are only shortened once they are masked (failure.ts).
 */
export function logTail(log: string): string[] {
  return stripVTControlCharacters(log)
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[╔║╚═╗╝\s]+/.test(line))
    .filter((line) => !/^(Initializing deployment|Error occurred ❌|Docker Compose Deployed)/.test(line))
    .slice(-LINES)
    .map((line) => wholeLine(line));
}

/** The line, or, for one that is too long, only how long it is: a part of it might be a part of a secret. */
export function wholeLine(line: string, longest = LONGEST): string {
  return line.length <= longest ? line : `(a line of ${line.length} characters)`;
}
