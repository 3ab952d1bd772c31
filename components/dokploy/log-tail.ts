import { stripVTControlCharacters } from "node:util";

const LINES = 15;
const WIDTH = 300;

/** The last lines of a log that say something: without colours, frames and Dokploy's own greeting and farewell. */
export function logTail(log: string): string[] {
  return stripVTControlCharacters(log)
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim().slice(0, WIDTH))
    .filter((line) => line !== "" && !/^[╔║╚═╗╝\s]+/.test(line))
    .filter((line) => !/^(Initializing deployment|Error occurred ❌|Docker Compose Deployed)/.test(line))
    .slice(-LINES);
}
