/** A plain (unquoted) scalar as Compose's YAML reader types it; `text` is how Go prints the value. */
export type PlainScalar =
  | { kind: "string"; text: string }
  | { kind: "number"; text: string }
  | { kind: "boolean"; text: string; value: boolean }
  | { kind: "null" }
  | { kind: "time"; text: string };

const spellings = (word: string) => [word, word[0]?.toUpperCase() + word.slice(1), word.toUpperCase()];
const infinities = [".inf", ".Inf", ".INF"];
const words: ReadonlyMap<string, PlainScalar> = new Map<string, PlainScalar>([
  ...["", "~", ...spellings("null")].map((word): [string, PlainScalar] => [word, { kind: "null" }]),
  ...spellings("true").map((word): [string, PlainScalar] => [word, { kind: "boolean", text: "true", value: true }]),
  ...spellings("false").map((word): [string, PlainScalar] => [word, { kind: "boolean", text: "false", value: false }]),
  ...[...infinities, ...infinities.map((word) => `+${word}`)].map((word): [string, PlainScalar] => [
    word,
    { kind: "number", text: "+Inf" },
  ]),
  ...infinities.map((word): [string, PlainScalar] => [`-${word}`, { kind: "number", text: "-Inf" }]),
  ...[".nan", ".NaN", ".NAN"].map((word): [string, PlainScalar] => [word, { kind: "number", text: "NaN" }]),
]);

const timePattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/;
const integerForms: [RegExp, string][] = [
  [/^0[xX]([0-9a-fA-F]+)$/, "0x"],
  [/^0[bB]([01]+)$/, "0b"],
  [/^0[oO]?([0-7]+)$/, "0o"],
  [/^(0|[1-9]\d*)$/, ""],
];
const floatPattern = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const largestInteger = 2n ** 64n;

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function toInteger(plain: string): bigint | undefined {
  const digits = plain.replace(/^[-+]/, "");
  for (const [form, prefix] of integerForms) {
    const match = form.exec(digits)?.[1];
    if (match === undefined) continue;
    const magnitude = BigInt(prefix + match);
    if (magnitude < largestInteger) return plain.startsWith("-") ? -magnitude : magnitude;
  }
  return undefined;
}

/** A float as Go's `%g` prints it: shortest digits, with an exponent below 1e-4 and from 1e6 on. */
function printFloat(value: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const sign = power < 0 ? "-" : "+";
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

/**
 * Types a plain scalar as Compose does: YAML 1.2 words, but with the dates, the `_` in numbers, the `0b` and the
 * leading-zero octals of YAML 1.1 (go-yaml v3's resolve.go).
 */
export function readPlainScalar(text: string): PlainScalar {
  const word = words.get(text);
  if (word) return word;
  if (!/^[-+.\d]/.test(text)) return { kind: "string", text };
  const [, year, month, day] = timePattern.exec(text) ?? [];
  if (year !== undefined && isDay(Number(year), Number(month), Number(day))) return { kind: "time", text };
  if (text.startsWith("."))
    return floatPattern.test(text) ? { kind: "number", text: printFloat(Number(text)) } : { kind: "string", text };
  const plain = text.replaceAll("_", "");
  const integer = toInteger(plain);
  if (integer !== undefined) return { kind: "number", text: String(integer) };
  if (floatPattern.test(plain)) return { kind: "number", text: printFloat(Number(plain)) };
  return { kind: "string", text };
}
