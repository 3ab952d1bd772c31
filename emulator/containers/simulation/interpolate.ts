import { ComposeError } from "./compose-error.ts";

/** Where the variables come from and who hears about missing ones. */
export interface Interpolation {
  lookup(name: string): string | undefined;
  missing(name: string): void;
}

const nameAt = /[A-Za-z_][A-Za-z0-9_]*/y;

function invalid(path: string, text: string): ComposeError {
  return new ComposeError(
    `invalid interpolation format for ${path}.\nYou may need to escape any $ with another $.\n${text}`,
  );
}

function matchingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index++) {
    if (text.startsWith("${", index)) depth++;
    else if (text[index] === "}" && --depth === 0) return index;
  }
  return -1;
}

function substitute(expression: string, path: string, whole: string, source: Interpolation): string {
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(expression)?.[0];
  if (name === undefined) throw invalid(path, whole);
  const value = source.lookup(name);
  const [, operator, rest] = /^(:?[-?+])([\s\S]*)$/.exec(expression.slice(name.length)) ?? [];
  if (operator === undefined || rest === undefined) {
    if (expression !== name) throw invalid(path, whole);
    if (value === undefined) source.missing(name);
    return value ?? "";
  }
  const given = value !== undefined && (operator.length === 1 || value !== "");
  if (operator.endsWith("-")) return given ? value : interpolate(rest, path, source);
  if (operator.endsWith("+")) return given ? interpolate(rest, path, source) : "";
  if (given) return value;
  throw new ComposeError(
    `error while interpolating ${path}: required variable ${name} is missing a value${rest === "" ? "" : `: ${rest}`}`,
  );
}

/**
 * Replaces `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}` and `$$` in one string of a compose file.
 * @throws ComposeError for a lone `$` and for a required variable that is missing; `path` names the place.
 */
export function interpolate(text: string, path: string, source: Interpolation): string {
  if (!text.includes("$")) return text;
  let result = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar === -1) return result + text.slice(at);
    result += text.slice(at, dollar);
    if (text[dollar + 1] === "$") {
      result += "$";
      at = dollar + 2;
    } else if (text[dollar + 1] === "{") {
      const end = matchingBrace(text, dollar + 2);
      if (end === -1) throw invalid(path, text);
      result += substitute(text.slice(dollar + 2, end), path, text, source);
      at = end + 1;
    } else {
      nameAt.lastIndex = dollar + 1;
      const name = nameAt.exec(text)?.[0];
      if (name === undefined) throw invalid(path, text);
      result += substitute(name, path, text, source);
      at = dollar + 1 + name.length;
    }
  }
  return result;
}
