import type { Part } from "./find.ts";

/** A text with its escapes taken back, and where each part of it stands in the text of before. */
export interface Decoded {
  text: string;
  /** The part of the text before that a part of this one stands for, escapes whole. */
  toSource(part: Part): Part;
}

/**
 * Escapes of JSON, of addresses, of HTML, of programs' texts and of Compose files. An escaped byte becomes the character of that
 * number, so what is not ASCII is looked for byte by byte. Carriage returns say nothing.
 */
const ESCAPE =
  /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]{1,6})\}|\\x([0-9a-f]{2})|\\([nrtbfv"'/\\$`&<>])|&(amp|lt|gt|quot|apos|nbsp);|&#(\d{1,7});|&#x([0-9a-f]{1,6});|\$\$/giy;

const [PLUS, RETURN] = [43, 13];

/** Numbers that are kept of each escape. */
const FIELDS = 4;

const ESCAPED: Record<string, string> = { n: "\n", r: "", t: "\t", b: "\b", f: "\f", v: "\v" };
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** Takes the escapes of a text back once. Undefined when there is none. */
export function decode(text: string): Decoded | undefined {
  return rewrite(text, escapesOf(text));
}

/** A line as wide as programs wrap base64, which goes on in the next one. */
const WRAPPED = /(?<=[a-z0-9+/_-]{60})\r?\n[ \t]*(?=[a-z0-9+/_-])/gi;

/** Joins lines that were wrapped in the middle of base64. Undefined when there is none. */
export function unwrap(text: string): Decoded | undefined {
  const breaks = [...text.matchAll(WRAPPED)].map(({ 0: found, index }) => ({
    at: index,
    length: found.length,
    is: "",
  }));
  return rewrite(text, breaks);
}

/** One place of a text where something else stands for what is meant. */
interface Escape {
  at: number;
  length: number;
  is: string;
}

function* escapesOf(text: string): Generator<Escape> {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!mayEscape(code)) continue;
    if (code === PLUS) yield { at, length: 1, is: " " };
    if (code === RETURN) yield { at, length: 1, is: "" };
    if (code === PLUS || code === RETURN) continue;
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(text);
    if (!match) continue;
    yield { at, length: match[0].length, is: toCharacter(match) };
    at += match[0].length - 1;
  }
}

function rewrite(text: string, escapes: Iterable<Escape>): Decoded | undefined {
  /** Four numbers for each escape: where its character stands in the new text and how long that is, where it stood and how long it was. */
  const places: number[] = [];
  const pieces: string[] = [];
  let [length, copied] = [0, 0];
  for (const { at, length: taken, is } of escapes) {
    pieces.push(text.slice(copied, at), is);
    places.push(length + at - copied, is.length, at, taken);
    length += at - copied + is.length;
    copied = at + taken;
  }
  if (places.length === 0) return undefined;
  const toSource = ({ start, end }: Part) => ({
    start: sourceOf(places, start).start,
    end: sourceOf(places, end - 1).end,
  });
  return { text: pieces.join("") + text.slice(copied), toSource };
}

/** The text with its escapes taken back until there is none, or as often as a text is looked at. */
export function decodeWhole(text: string, times: number): string {
  let whole = text;
  for (let time = 0; time < times; time++) {
    const decoded = decode(whole);
    if (!decoded) break;
    whole = decoded.text;
  }
  return whole;
}

/** `%`, `\`, `&`, `+`, `$` and a carriage return. */
function mayEscape(code: number): boolean {
  return code === 37 || code === 92 || code === 38 || code === PLUS || code === 36 || code === RETURN;
}

function toCharacter([whole, byte, unit, point, hex, letter, entity, decimal, hexadecimal]: RegExpExecArray): string {
  const code = byte ?? unit ?? hex;
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  if (letter !== undefined) return ESCAPED[letter.toLowerCase()] ?? letter;
  if (entity !== undefined) return ENTITIES[entity.toLowerCase()] ?? "";
  const number = decimal === undefined ? Number.parseInt(point ?? hexadecimal ?? "", 16) : Number(decimal);
  if (!Number.isNaN(number)) return number <= 0x10ffff ? String.fromCodePoint(number) : "";
  return whole === "$$" ? "$" : "";
}

/** What one character of the new text stood as. */
function sourceOf(places: number[], at: number): Part {
  const place = lastBefore(places, at);
  if (place < 0) return { start: at, end: at + 1 };
  const [decodedAt = 0, own = 0, sourceAt = 0, sourceLength = 0] = places.slice(place * FIELDS, (place + 1) * FIELDS);
  if (at < decodedAt + own) return { start: sourceAt, end: sourceAt + sourceLength };
  const source = sourceAt + sourceLength + (at - decodedAt - own);
  return { start: source, end: source + 1 };
}

/** The last escape whose character begins at this place of the new text or before it; -1 when there is none. */
function lastBefore(places: number[], at: number): number {
  let [low, high] = [-1, places.length / FIELDS - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((places[middle * FIELDS] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
