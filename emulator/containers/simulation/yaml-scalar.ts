/** A plain (unquoted) scalar as Compose's YAML reader types it; `text` is how Go prints the value. */
export type PlainScalar =
  | { kind: "string"; text: string }
  | { kind: "number"; text: string; value: number }
  | { kind: "boolean"; text: string; value: boolean }
  | { kind: "null" }
  | { kind: "time"; text: string };

const words: ReadonlyMap<string, PlainScalar> = new Map<string, PlainScalar>([
  ...["", "~", "null", "Null", "NULL"].map((word): [string, PlainScalar] => [word, { kind: "null" }]),
  ...["true", "True", "TRUE"].map((word): [string, PlainScalar] => [
    word,
    { kind: "boolean", text: "true", value: true },
  ]),
  ...["false", "False", "FALSE"].map((word): [string, PlainScalar] => [
    word,
    { kind: "boolean", text: "false", value: false },
  ]),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word): [string, PlainScalar] => [
    word,
    { kind: "number", text: "+Inf", value: Number.POSITIVE_INFINITY },
  ]),
  ...["-.inf", "-.Inf", "-.INF"].map((word): [string, PlainScalar] => [
    word,
    { kind: "number", text: "-Inf", value: Number.NEGATIVE_INFINITY },
  ]),
  ...[".nan", ".NaN", ".NAN"].map((word): [string, PlainScalar] => [
    word,
    { kind: "number", text: "NaN", value: Number.NaN },
  ]),
]);

const timePattern = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2}):(\d{2})(\.\d+)?\s*(.*))?$/;
const integerBases: [RegExp, number][] = [
  [/^[-+]?0[xX]([0-9a-fA-F]+)$/, 16],
  [/^[-+]?0[bB]([01]+)$/, 2],
  [/^[-+]?0[oO]([0-7]+)$/, 8],
  [/^[-+]?0([0-7]+)$/, 8],
  [/^[-+]?(0|[1-9]\d*)$/, 10],
];
const floatPattern = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

function toTime(text: string): PlainScalar | undefined {
  const match = timePattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "00", second = "00"] = match;
  const moment = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), +hour, +minute, +second));
  if (moment.getUTCMonth() !== Number(month) - 1) return undefined;
  return { kind: "time", text: `${moment.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC` };
}

/**
 * Types a plain scalar as Compose does: YAML 1.2 words, but with the dates, `_` in numbers, `0b` and leading-zero
 * octals of YAML 1.1 (go-yaml v3's resolve.go).
 */
export function readPlainScalar(text: string): PlainScalar {
  const word = words.get(text);
  if (word) return word;
  if (!/^[-+.\d]/.test(text)) return { kind: "string", text };
  const time = toTime(text);
  if (time) return time;
  const plain = text.replaceAll("_", "");
  for (const [pattern, base] of integerBases) {
    const digits = pattern.exec(plain)?.[1];
    if (digits === undefined) continue;
    const magnitude = Number.parseInt(digits, base);
    const value = plain.startsWith("-") ? -magnitude : magnitude;
    return { kind: "number", text: String(value), value };
  }
  if (floatPattern.test(plain)) return { kind: "number", text: String(Number(plain)), value: Number(plain) };
  return { kind: "string", text };
}
