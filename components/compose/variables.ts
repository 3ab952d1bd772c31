/** One `$NAME`, `${NAME}` or `${NAME<operator>operand}` of Compose's interpolation. */
export interface Variable {
  name: string;
  /** `:-` `-` default, `:?` `?` required, `:+` `+` replacement; undefined for the plain forms. */
  operator?: string;
  operand?: string;
}

/** The value of a variable, undefined when it is not set. */
export type LookUp = (name: string) => string | undefined;

type Token = { literal: string } | { escaped: true } | { variable: Variable } | { broken: string; shown: string };

/**
 * Where Compose looks at a `$`: an escaped one, a name, or a brace. Any other `$` is itself: `$(date)`, `$1`, `$?`, one at the end.
 * An operand ends at the last brace of its line; `closingBrace` then finds the one that is meant.
 * https://github.com/compose-spec/compose-go/blob/v2.9.0/template/template.go
 */
const PATTERN =
  /\$(?:(?<escaped>\$)|(?<named>[_a-z][_a-z0-9]*)|\{(?:(?<name>[_a-z][_a-z0-9]*)(?::?[-+?][^\n]*)?\}|))/giu;

/** Resolves the variables in `known`, leaves all others, and escapes every `$` that Compose takes literally. */
export function resolveVariables(text: string, known: ReadonlyMap<string, string>): string {
  return tokens(text)
    .map((token) => {
      if ("literal" in token) return escapeDollars(token.literal);
      if ("escaped" in token) return "$$";
      return "broken" in token ? token.broken : resolveOne(token.variable, known);
    })
    .join("");
}

function resolveOne({ name, operator, operand = "" }: Variable, known: ReadonlyMap<string, string>): string {
  const value = known.get(name);
  if (value === undefined) {
    return operator === undefined ? `\${${name}}` : `\${${name}${operator}${resolveVariables(operand, known)}}`;
  }
  const empty = operator?.startsWith(":") && value === "";
  if (operator?.endsWith("-") && empty) return resolveVariables(operand, known);
  if (operator?.endsWith("+")) return empty ? "" : resolveVariables(operand, known);
  return escapeDollars(value);
}

/** The text as Compose reads it; a variable that is not set is empty, and what is broken stays. */
export function interpolate(text: string, lookUp: LookUp): string {
  if (!text.includes("$")) return text;
  return tokens(text)
    .map((token) => {
      if ("literal" in token) return token.literal;
      if ("escaped" in token) return "$";
      return "broken" in token ? token.broken : interpolateOne(token.variable, lookUp);
    })
    .join("");
}

function interpolateOne({ name, operator, operand = "" }: Variable, lookUp: LookUp): string {
  const value = lookUp(name);
  const present = value !== undefined && !(operator?.startsWith(":") && value === "");
  if (operator?.endsWith("-")) return present ? value : interpolate(operand, lookUp);
  if (operator?.endsWith("+") && present) return interpolate(operand, lookUp);
  return value ?? "";
}

/** Every variable of a text, those inside of operands too. */
export function variablesIn(text: string): Variable[] {
  if (!text.includes("$")) return [];
  return tokens(text).flatMap((token) =>
    "variable" in token ? [token.variable, ...variablesIn(token.variable.operand ?? "")] : [],
  );
}

/** What Compose refuses as an invalid interpolation: every `${` without a name, a known operator or an end, with what follows it. */
export function brokenVariables(text: string): string[] {
  return tokens(text).flatMap((token) => {
    if ("broken" in token) return [token.shown];
    return "variable" in token ? brokenVariables(token.variable.operand ?? "") : [];
  });
}

/** Text that Compose's interpolation turns back into `text`. */
export function escapeDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** Characters of what is broken that people see. */
const SHOWN = 12;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(PATTERN);
  let done = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match.index > done) found.push({ literal: text.slice(done, match.index) });
    const { token, length } = tokenOf(match, text);
    found.push(token);
    done = match.index + length;
    pattern.lastIndex = done;
  }
  if (done < text.length) found.push({ literal: text.slice(done) });
  return found;
}

function tokenOf(match: RegExpExecArray, text: string): { token: Token; length: number } {
  const { escaped, named, name } = match.groups ?? {};
  const [whole] = match;
  if (escaped !== undefined) return { token: { escaped: true }, length: whole.length };
  if (named !== undefined) return { token: { variable: { name: named } }, length: whole.length };
  if (name === undefined) {
    const rest = text.slice(match.index, match.index + SHOWN);
    return { token: { broken: whole, shown: /^[^}]*\}/.exec(rest)?.[0] ?? rest }, length: whole.length };
  }
  const closing = closingBrace(whole);
  const length = closing < 0 ? whole.length : closing + 1;
  const tail = whole.slice(2 + name.length, length - 1);
  if (tail === "") return { token: { variable: { name } }, length };
  const operator = tail.startsWith(":") ? tail.slice(0, 2) : tail.slice(0, 1);
  return { token: { variable: { name, operator, operand: tail.slice(operator.length) } }, length };
}

/** The brace that closes the first one, as Compose counts them: it passes over the character after each that opens. */
function closingBrace(text: string): number {
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
