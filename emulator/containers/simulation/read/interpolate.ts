import { ComposeError } from "./compose-error.ts";

/** Where the variables come from and who hears about missing ones. */
export interface Interpolation {
  lookup(name: string): string | undefined;
  missing(name: string): void;
}

// The pattern and the order of steps are compose-go's (template/template.go), so that odd inputs end as they do there.
const pattern = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{(?:([_a-z][_a-z0-9]*(?::?[-+?](?:.*))?)\}|()))/gi;
const operators = [":?", "?", ":-", "-", ":+", "+"] as const;

/** Thrown while one string is read; `interpolate` adds the place. */
class TemplateError extends Error {
  readonly missing: string | undefined;
  constructor(missing?: string) {
    super(missing);
    this.missing = missing;
  }
}

function firstClosingBrace(text: string): number {
  let open = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "}" && --open === 0) return index;
    if (text[index] === "{") {
      open++;
      index++;
    }
  }
  return -1;
}

function firstOperator(expression: string): (typeof operators)[number] | undefined {
  let first: (typeof operators)[number] | undefined;
  let at = Number.POSITIVE_INFINITY;
  for (const operator of operators) {
    const index = expression.indexOf(operator);
    if (index === -1 || index >= at) continue;
    first = operator;
    at = index;
  }
  return first;
}

function readVariable(name: string, source: Interpolation): string {
  const value = source.lookup(name);
  if (value === undefined) source.missing(name);
  return value ?? "";
}

function evaluate(expression: string, source: Interpolation): string {
  const operator = firstOperator(expression);
  if (operator === undefined) return readVariable(expression, source);
  const at = expression.indexOf(operator);
  const name = expression.slice(0, at);
  const argument = expression.slice(at + operator.length);
  const value = source.lookup(name);
  const given = value !== undefined && (!operator.startsWith(":") || value !== "");
  if (operator.endsWith("-")) return given ? value : substitute(argument, source);
  if (operator.endsWith("+")) return given ? substitute(argument, source) : (value ?? "");
  if (given) return value;
  const reason = substitute(argument, source);
  throw new TemplateError(`required variable ${name} is missing a value${reason === "" ? "" : `: ${reason}`}`);
}

function substitute(text: string, source: Interpolation): string {
  return text.replace(pattern, (match, escaped?: string, named?: string) => {
    if (escaped !== undefined) return "$";
    if (named !== undefined) return readVariable(named, source);
    const closing = firstClosingBrace(match);
    if (closing === -1) throw new TemplateError();
    return evaluate(match.slice(2, closing), source) + substitute(match.slice(closing + 1), source);
  });
}

/**
 * Replaces `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}` and `$$` in one string; a `$` before anything
 * else stays.
 * @throws ComposeError for `${` without a name and for a required variable that is missing; `path` names the place.
 */
export function interpolate(text: string, path: string, source: Interpolation): string {
  if (!text.includes("$")) return text;
  try {
    return substitute(text, source);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new ComposeError(
      error.missing === undefined
        ? `invalid interpolation format for ${path}.\nYou may need to escape any $ with another $.\n${text}`
        : `error while interpolating ${path}: ${error.missing}`,
    );
  }
}
