import { appendFileSync } from "node:fs";

const INNER = 76;

export interface DeploymentLog {
  line(text: string): void;
}

/** Appends to a deployment's log file. Does nothing when its folder is gone (the service was deleted meanwhile). */
export function openDeploymentLog(file: string): DeploymentLog {
  return {
    line(text) {
      try {
        appendFileSync(file, `${text}\n`);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
      }
    },
  };
}

/** The box at the head of a deployment's log, 80 columns wide. */
export function logBox(lines: string[]): string {
  const bar = "═".repeat(INNER + 2);
  const rows = ["", ...lines.flatMap((line) => wrap(line)), ""];
  return [`╔${bar}╗`, ...rows.map((row) => `║ ${row}${" ".repeat(INNER - width(row))} ║`), `╚${bar}╝`].join("\n");
}

function wrap(line: string): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of line.split(" ")) {
    const longer = row === "" ? word : `${row} ${word}`;
    if (width(longer) <= INNER) {
      row = longer;
      continue;
    }
    if (row !== "") rows.push(row);
    row = word;
    while (width(row) > INNER) {
      rows.push(row.slice(0, INNER));
      row = row.slice(INNER);
    }
  }
  return [...rows, row];
}

/** Columns in a terminal: emoji take two. */
function width(text: string): number {
  return [...text].reduce((columns, char) => columns + (/\p{Emoji_Presentation}/u.test(char) ? 2 : 1), 0);
}
