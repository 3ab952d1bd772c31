/** A condition on a number, e.g. `>= 0.95`. */
export interface Condition {
  operator: Operator;
  bound: number;
}

const OPERATORS = {
  ">=": (value: number, bound: number) => value >= bound,
  "<=": (value: number, bound: number) => value <= bound,
  "==": (value: number, bound: number) => value === bound,
  "!=": (value: number, bound: number) => value !== bound,
  ">": (value: number, bound: number) => value > bound,
  "<": (value: number, bound: number) => value < bound,
};
type Operator = keyof typeof OPERATORS;

const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;

/** What a text like `>= 0.95` says; undefined when it is no condition. */
export function parseCondition(text: string): Condition | undefined {
  const [, operator, rest = ""] = /^\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*$/.exec(text) ?? [];
  if (operator === undefined || !NUMBER.test(rest) || !Number.isFinite(Number(rest))) return undefined;
  return { operator: operator as Operator, bound: Number(rest) };
}

/** Whether it holds for a value. Nothing holds for a value that is not a number: it says that there was none. */
export function holds({ operator, bound }: Condition, value: number): boolean {
  return !Number.isNaN(value) && OPERATORS[operator](value, bound);
}
