import { markdownBlock } from "../../text/markdown.ts";

/** GitHub takes this many characters in a comment or an issue. */
const LONGEST = 65_536;
/** A block of more lines than this is folded. */
const FOLD_ABOVE = 20;

/** A text that a person did not write as Markdown, in a block of its own, folded when it is long. */
export function formatBlock(title: string, language: string, text: string): string {
  const block = markdownBlock(text, language);
  if (text.trimEnd().split("\n").length <= FOLD_ABOVE) return `**${title}**\n\n${block}\n`;
  return `<details><summary>${title}</summary>\n\n${block}\n\n</details>\n`;
}

/** Leaves out the last blocks of a body that is too long for GitHub, and says so. */
export function fitBody(parts: string[], note: string): string {
  const kept: string[] = [];
  let length = note.length;
  for (const [index, part] of parts.entries()) {
    length += part.length + 1;
    if (length > LONGEST) return [...kept, `${note} (${parts.length - index} left out)`].join("\n");
    kept.push(part);
  }
  return kept.join("\n");
}
