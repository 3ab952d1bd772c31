import { ComposeError } from "./compose-error.ts";

type Environment = ReadonlyMap<string, string>;

const name = /^[A-Za-z_][\w.-]*/;

function expandEscapes(text: string): string {
  return text.replace(/\\([abcfnrtv$"\\])/g, (_, escaped: string) => {
    const special: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
    return special[escaped] ?? (escaped === "c" ? "\\c" : escaped === "$" ? "$$" : escaped);
  });
}

/** Where a quoted value that opens at `start` ends; a quote behind a backslash does not end it. */
function closingQuote(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === quote && text[index - 1] !== "\\") return index;
    if (quote === '"' && text[index] === "\\" && text[index + 1] === "\\") index++;
  }
  return -1;
}

/** Replaces `$NAME`, `${NAME}` and `$$` from the variables above it, as Compose does inside `.env`. */
function expand(text: string, known: Environment): string {
  return text.replace(/\$(\$|\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)/g, (_, reference: string) =>
    reference === "$" ? "$" : (known.get(reference.replace(/[{}]/g, "")) ?? ""),
  );
}

/**
 * Reads a `.env` file as Compose does: quoted values over several lines, backslash escapes and variables inside double
 * quotes, nothing at all inside single quotes, `#` after a blank starts a comment in unquoted values.
 */
export function parseEnvFile(text: string): Map<string, string> {
  const result = new Map<string, string>();
  const source = text.replaceAll("\r\n", "\n");
  let at = 0;
  while (at < source.length) {
    const lineEnd = source.indexOf("\n", at) === -1 ? source.length : source.indexOf("\n", at);
    const line = source.slice(at, lineEnd);
    const indent = line.length - line.trimStart().length;
    const body = line.trimStart().replace(/^export\s+/, "");
    if (body === "" || body.startsWith("#")) {
      at = lineEnd + 1;
      continue;
    }
    const key = name.exec(body)?.[0];
    const separator = key === undefined ? null : /^\s*[=:][ \t]*/.exec(body.slice(key.length));
    if (key === undefined || (separator === null && body.trim() !== key))
      throw new ComposeError(
        `failed to read .env: line ${source.slice(0, at).split("\n").length}: unexpected character`,
      );
    if (separator === null) {
      at = lineEnd + 1;
      continue;
    }
    const skipped = line.trimStart().length - body.length;
    const valueAt = at + indent + skipped + key.length + separator[0].length;
    const quote = source[valueAt];
    if (quote === '"' || quote === "'") {
      const end = closingQuote(source, valueAt);
      if (end === -1) throw new ComposeError(`failed to read .env: unterminated quoted value for ${key}`);
      const raw = source.slice(valueAt + 1, end);
      result.set(key, quote === "'" ? raw : expand(expandEscapes(raw), result));
      const next = source.indexOf("\n", end);
      at = next === -1 ? source.length : next + 1;
    } else {
      result.set(key, expand(source.slice(valueAt, lineEnd).split(/\s#/)[0]?.trimEnd() ?? "", result));
      at = lineEnd + 1;
    }
  }
  return result;
}
