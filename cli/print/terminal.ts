import { randomInt } from "node:crypto";
import { stripVTControlCharacters, styleText } from "node:util";
import { showLines } from "../../text/characters.ts";

/** More numbers in our own colours, that only this process knows: so a text of others has no colours, and no other escapes. */
const KEY = [0, 0, 0, 0].map(() => randomInt(1_000, 10_000)).join(";");
const OWN = new RegExp(`\\u001b\\[(\\d+);${KEY}m`);

/** Words in a colour, for {@link toTerminal}. Plain where the stream shows none. */
export function paint(
  format: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal are control characters
  return styleText(format, text, { stream }).replace(/\u001b\[(\d+)m/g, `\u001b[$1;${KEY}m`);
}

/** Columns that a painted text takes. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/**
 * A text as it goes to a terminal or a log: our own colours, and of what others wrote nothing that a terminal acts on. In GitHub
 * Actions neither what its runner acts on (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
export function toTerminal(text: string, env: NodeJS.ProcessEnv = process.env): string {
  const parts = text.split(OWN);
  const shown = parts.map((part, index) => (index % 2 === 0 ? showLines(part) : `\u001b[${part}m`)).join("");
  if (env.GITHUB_ACTIONS !== "true") return shown;
  return shown.replace(/^(\s*):(?=:)/gm, "$1\\u003a").replace(/##\[/g, "#\\u0023[");
}
