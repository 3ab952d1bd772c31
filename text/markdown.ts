import { showLine, showLines } from "./characters.ts";

/** A space of no width: GitHub finds no mention, no reference and no address across it. The only one: those of others are shown. */
const BETWEEN = "\u200b";

/**
 * A text of others as words in Markdown, on one line, also in a table's cell: nothing in it becomes a format, an image, a link, a
 * tag of HTML, a mention, or a reference to an issue (https://github.github.com/gfm/#backslash-escapes,
 * https://docs.github.com/get-started/writing-on-github).
 */
export function markdownWords(text: string): string {
  return showLine(text.trim().replace(/\s*[\r\n]\s*/g, " "))
    .replace(/[\\`*_~[\]<>|&$]/g, "\\$&")
    .replace(/@(?=\w)|#(?=\d)/g, `$&${BETWEEN}`)
    .replace(/\b(GH)-(?=\d)/gi, `$1-${BETWEEN}`)
    .replace(/\b(https?|ftp|mailto|xmpp)(:)/gi, `$1${BETWEEN}$2`)
    .replace(/\bwww\./gi, `www${BETWEEN}.`)
    .replace(/^([-+]|\d+[.)]|=+)(?=\s|$)/, "\\$1");
}

/** A text of others as code in a line or in a table's cell. */
export function markdownCode(text: string): string {
  const shown = showLine(text.replace(/\s*[\r\n]\s*/g, " ")).replaceAll("|", "\\|");
  const fence = "`".repeat(longestRun(shown) + 1);
  const padding = /^[`\s]|[`\s]$|^$/.test(shown) ? " " : "";
  return `${fence}${padding}${shown}${padding}${fence}`;
}

/** A text of others as a block of code, its lines as they are. */
export function markdownBlock(text: string, language = ""): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${showLines(text).trimEnd()}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
}
