/** One `$NAME`, `${NAME}` or `${NAME<operator>operand}` of Compose's interpolation. */
export interface Variable {
  name: string;
  /** `:-` `-` default, `:?` `?` required, `:+` `+` replacement; undefined for the plain forms. */
  operator?: string;
  operand?: string;
}

type Token = { literal: string } | { variable: Variable } | { broken: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATOR = /^(:-|-|:\?|\?|:\+|\+)/;

/** Resolves the variables in `known` and leaves all others, and `$$`, as they are written. */
export function resolveVariables(text: string, known: ReadonlyMap<string, string>): string {
  return tokens(text)
    .map((token) => {
      if ("literal" in token) return token.literal;
      if ("broken" in token) return token.broken;
      return resolveOne(token.variable, known);
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

/** Every variable of a text, those inside of operands too. */
export function variablesIn(text: string): Variable[] {
  return tokens(text).flatMap((token) =>
    "variable" in token ? [token.variable, ...variablesIn(token.variable.operand ?? "")] : [],
  );
}

/** The first `$` that Compose refuses as an invalid interpolation, with what follows it; undefined when there is none. */
export function brokenVariable(text: string): string | undefined {
  for (const token of tokens(text)) {
    if ("broken" in token) return token.broken;
    if ("variable" in token && token.variable.operand !== undefined) {
      const inner = brokenVariable(token.variable.operand);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** Text that Compose's interpolation turns back into `text`. */
export function escapeDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let rest = text;
  while (rest !== "") {
    const dollar = rest.indexOf("$");
    if (dollar < 0) return [...found, { literal: rest }];
    if (dollar > 0) found.push({ literal: rest.slice(0, dollar) });
    const { token, length } = tokenAt(rest.slice(dollar));
    found.push(token);
    rest = rest.slice(dollar + length);
  }
  return found;
}

/** Reads one token of a text that begins with `$`. */
function tokenAt(text: string): { token: Token; length: number } {
  if (text.startsWith("$$")) return { token: { literal: "$$" }, length: 2 };
  const bare = NAME.exec(text.slice(1));
  if (bare) return { token: { variable: { name: bare[0] } }, length: 1 + bare[0].length };
  const end = text.startsWith("${") ? closingBrace(text) : -1;
  const inner = end < 0 ? "" : text.slice(2, end);
  const name = NAME.exec(inner)?.[0];
  if (name !== undefined) {
    const tail = inner.slice(name.length);
    const length = end + 1;
    if (tail === "") return { token: { variable: { name } }, length };
    const operator = OPERATOR.exec(tail)?.[0];
    if (operator) return { token: { variable: { name, operator, operand: tail.slice(operator.length) } }, length };
  }
  return { token: { broken: text.slice(0, 12) }, length: Math.min(12, text.length) };
}

function closingBrace(text: string): number {
  let depth = 0;
  for (let index = 1; index < text.length; index++) {
    if (text[index] === "{" && text[index - 1] === "$") depth++;
    if (text[index] === "}" && --depth === 0) return index;
  }
  return -1;
}
