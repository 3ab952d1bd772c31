import type { ScalarTag, Tags } from "yaml";

/**
 * Plain scalars as Compose's parser reads them: YAML 1.2 with the numbers and dates of YAML 1.1 (`0440` is octal, `1_000` a number,
 * `2024-05-01` a date, which no key of Compose takes).
 * https://github.com/yaml/go-yaml/blob/v3.0.4/resolve.go
 */
export function composeScalars(tags: Tags): Tags {
  const others = tags.filter((tag) => typeof tag === "string" || !/:(int|float|timestamp)$/.test(tag.tag));
  return [...others, date, octal, integer, binary, special, decimal];
}

const PREFIX = "tag:yaml.org,2002:";

const decimal: ScalarTag = {
  default: true,
  tag: `${PREFIX}float`,
  test: /^[-+]?(\.\d[\d_]*|\d[\d_]*(\.[\d_]*)?)([eE][-+]?\d[\d_]*)?$/,
  resolve: (text) => Number(text.replaceAll("_", "")),
};

const special: ScalarTag = {
  default: true,
  tag: `${PREFIX}float`,
  test: /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/,
  resolve: (text) => (/nan$/i.test(text) ? Number.NaN : text.startsWith("-") ? -Infinity : Infinity),
};

/** `0x1F`, `0b101`, `0o17`. */
const binary: ScalarTag = {
  default: true,
  tag: `${PREFIX}int`,
  test: /^[-+]?0(x_*[0-9a-f][0-9a-f_]*|b_*[01][01_]*|o_*[0-7][0-7_]*)$/i,
  resolve: (text) => withSign(text, (digits) => Number(digits.toLowerCase())),
};

const octal: ScalarTag = {
  default: true,
  tag: `${PREFIX}int`,
  test: /^[-+]?0[0-7_]*[0-7][0-7_]*$/,
  resolve: (text) => withSign(text, (digits) => Number.parseInt(digits, 8)),
};

const integer: ScalarTag = {
  default: true,
  tag: `${PREFIX}int`,
  test: /^[-+]?(0|[1-9][\d_]*)$/,
  resolve: (text) => withSign(text, Number),
};

const date: ScalarTag = {
  default: true,
  tag: `${PREFIX}timestamp`,
  test: /^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/,
  resolve: (text) => toDate(text) ?? text,
};

function withSign(text: string, read: (digits: string) => number): number {
  const digits = text.replace(/^[-+]/, "").replaceAll("_", "");
  return text.startsWith("-") ? -read(digits) : read(digits);
}

/** With a `T` it needs a zone, with a blank it must have none; and the day has to exist. */
function toDate(text: string): Date | undefined {
  const [, year, month, day, gap, clock, zone] =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}:\d{1,2}:\d{1,2})(?:\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/.exec(text) ?? [];
  if (gap !== undefined && (gap === " ") !== (zone === undefined)) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = (clock ?? "0:0:0").split(":").map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const found = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return found.getUTCMonth() === Number(month) - 1 && found.getUTCDate() === Number(day) ? found : undefined;
}
