import { ComposeError } from "./compose-error.ts";
import { interpolate } from "./interpolate.ts";

type Lookup = (name: string) => string | undefined;

// compose-go's dotenv/parser.go, step by step: what it does with odd lines is what a container gets.
const key = /(?:export\s+)?([\p{L}\p{N}_.[\]\-\t\v\f\r \u0085\u00a0]*)([=:\n]|$)/uy;
const blanks = /[\t\v\f\r \u0085\u00a0]*/y;
const escapes = /\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g;
const named: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function expandEscapes(text: string): string {
  return text.replace(escapes, (match, letter?: string, octal?: string) => {
    if (letter === undefined) return octal?.length === 3 ? String.fromCharCode(Number.parseInt(octal, 8)) : match;
    if (letter === "$") return "$$";
    return named[letter] ?? (letter === "c" ? match : letter);
  });
}

/** The text between the quotes and the position after the closing one; undefined when it is never closed. */
function readQuoted(source: string, start: number): { text: string; end: number } | undefined {
  const quote = source[start];
  let text = "";
  for (let index = start + 1; index < source.length; index++) {
    const char = source[index] ?? "";
    const escaped = char === "\\" ? source[index + 1] : undefined;
    if (char === quote) return { text, end: index + 1 };
    if (escaped === undefined) text += char;
    else {
      text += escaped === quote ? quote : `\\${escaped}`;
      index++;
    }
  }
  return undefined;
}

/**
 * Reads a `.env` file as Compose does: quoted values may span lines; escapes and variables count in double quotes and
 * (variables) without quotes, nothing in single quotes; ` #` starts a comment in an unquoted value.
 * `inherited` are the variables of the process: they win in references and fill keys without a value.
 * @throws ComposeError with the line.
 */
export function parseEnvFile(text: string, inherited: Lookup = () => undefined): Map<string, string> {
  const result = new Map<string, string>();
  const source = text.replaceAll("\r\n", "\n");
  const expand = (value: string, name: string) =>
    interpolate(value, name, { lookup: (wanted) => inherited(wanted) ?? result.get(wanted), missing: () => {} });
  const fail = (at: number, reason: string): never => {
    throw new ComposeError(`failed to read .env: line ${source.slice(0, at).split("\n").length}: ${reason}`);
  };
  let at = 0;
  for (;;) {
    while (at < source.length && /\s/.test(source[at] ?? "")) at++;
    if (at >= source.length) return result;
    const lineEnd = source.indexOf("\n", at) === -1 ? source.length : source.indexOf("\n", at);
    if (source[at] === "#") {
      at = lineEnd;
      continue;
    }
    key.lastIndex = at;
    const match = key.exec(source);
    const name = match?.[1]?.trim();
    if (!match || name === undefined)
      return fail(at, `unexpected character in variable name ${JSON.stringify(source.slice(at, lineEnd))}`);
    if (name.includes(" ")) return fail(at, "key cannot contain a space");
    at = key.lastIndex;
    if (match[2] !== "=" && match[2] !== ":") {
      const value = inherited(name);
      if (value !== undefined) result.set(name, value);
      continue;
    }
    blanks.lastIndex = at;
    blanks.exec(source);
    at = blanks.lastIndex;
    if (source[at] === '"' || source[at] === "'") {
      const quoted = readQuoted(source, at);
      if (!quoted) return fail(at, `unterminated quoted value ${source.slice(at).split("\n")[0]}`);
      result.set(name, source[at] === '"' ? expand(expandEscapes(quoted.text), name) : quoted.text);
      at = quoted.end;
    } else {
      const end = source.indexOf("\n", at) === -1 ? source.length : source.indexOf("\n", at);
      result.set(name, expand(source.slice(at, end).split(" #")[0]?.trimEnd() ?? "", name));
      at = end;
    }
  }
}
