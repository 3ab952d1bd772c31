import { type Document, parseDocument, type Scalar } from "yaml";
import { ComposeError } from "./compose-error.ts";

// Where Compose's YAML reader (go-yaml v3) is stricter than the YAML specification, or reads something else.
const refusedCharacters = /[\x7f-\x84\x86-\x9f\ufffe\uffff]/;
/** A line end to go-yaml in the middle of a scalar, so what follows stands in the wrong column. */
const unicodeLineEnds = /[\u2028\u2029]/;

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/**
 * Refuses a block of text whose first line that is not empty starts with a tab.
 * @throws ComposeError with the line.
 */
export function refuseTabbedBlock(text: string, { type, range }: Scalar): void {
  if ((type !== "BLOCK_LITERAL" && type !== "BLOCK_FOLDED") || !range) return;
  const [header = "", ...lines] = text.slice(range[0], range[1]).split("\n");
  const first = lines.findIndex((line) => line.trim() !== "" || line.includes("\t"));
  if (first !== -1 && /^ *\t/.test(lines[first] ?? "") && !/\d/.test(header))
    throw new ComposeError(
      `yaml: line ${lineOf(text, range[0])}: found a tab character where an indentation space is expected`,
    );
}

/**
 * Parses YAML into nodes, with the refusals of Compose's reader.
 * @throws ComposeError with the line, in Compose's words where the reason is the reader's and not the text's.
 */
export function parseYaml(text: string): Document {
  if (refusedCharacters.test(text)) throw new ComposeError("yaml: control characters are not allowed");
  const separator = unicodeLineEnds.exec(text);
  if (separator) throw new ComposeError(`yaml: line ${lineOf(text, separator.index) + 1}: could not find expected ':'`);
  // A next line (U+0085) is read as a line end and folded into a blank.
  const document = parseDocument(text.replaceAll("\u0085", " "), {
    schema: "failsafe",
    uniqueKeys: false,
    merge: false,
  });
  const [problem] = document.errors;
  if (problem)
    throw new ComposeError(`yaml: line ${problem.linePos?.[0].line ?? 1}: ${problem.message.split(" at line")[0]}`);
  return document;
}
