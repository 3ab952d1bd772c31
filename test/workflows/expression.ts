/** What expressions can name: `github`, `inputs`, `vars`, … */
export type Contexts = Record<string, unknown>;

/** Puts the values of `${{ … }}` into a text, as Actions does before a step begins. */
export function expand(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/gs, (_, expression: string) => toText(evaluate(expression, contexts)));
}

/**
 * The value of an expression. Knows what these workflows use: names, 'texts', `==` and `!=`
 * (https://docs.github.com/actions/reference/workflows-and-actions/expressions). Throws for anything else.
 */
export function evaluate(expression: string, contexts: Contexts): unknown {
  const [, left, operator, right] = /^(.+?)\s*(==|!=)\s*(.+)$/s.exec(expression) ?? [];
  if (left !== undefined && right !== undefined) {
    const equal = toText(evaluate(left, contexts)).toLowerCase() === toText(evaluate(right, contexts)).toLowerCase();
    return operator === "==" ? equal : !equal;
  }
  const literal = /^'([^']*)'$/.exec(expression)?.[1];
  if (literal !== undefined) return literal;
  if (!/^[a-z_]+(\.[\w-]+)+$/i.test(expression)) throw new Error(`cannot evaluate ${expression}`);
  const [root = "", ...path] = expression.split(".");
  if (!(root in contexts)) throw new Error(`there is no context ${root}`);
  // A name that is not there is empty, as in Actions.
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], contexts[root]);
}

function toText(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
