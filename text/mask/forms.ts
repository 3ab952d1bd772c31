import { decodeWhole } from "./decode.ts";

/** Fewer letters of base64 or hexadecimal digits than this are an ordinary word too often. */
const SHORTEST_CODE = 6;

/** How often escapes are taken back: a value in JSON, in an address, in JSON, and once more. */
export const LEVELS = 4;

/** The words by which a secret is known. */
export interface Forms {
  /** In a text, and in the same text with its escapes taken back. */
  spellings: string[];
  /** As letters of base64 and hexadecimal digits. */
  codes: string[];
}

/** Which values and lines of them count. */
export interface Which {
  /** What is shorter is left readable: it would hide every other word. At least 4. */
  shortest: number;
  /** Leaves a value readable that stands in clear anyway. Default: none. */
  isPlain?(value: string): boolean;
}

/**
 * The words by which a secret and each of its lines is known: as it is, without its own escapes, byte by byte, as base64 wherever it
 * begins in it, in hexadecimal digits.
 */
export function formsOf(secret: string, { shortest, isPlain = () => false }: Which): Forms {
  const lines = secret.split(/\r?\n|\r/);
  const values = [secret, ...(lines.length > 1 ? lines : [])].map((line) => line.trim());
  const known = values.filter((value) => value.length >= shortest && !isPlain(value));
  return { spellings: known.flatMap(spellings), codes: known.flatMap(codes) };
}

function spellings(value: string): string[] {
  const whole = decodeWhole(value, LEVELS);
  const bytes = [value, whole].map((text) => Buffer.from(text.toWellFormed()).toString("latin1"));
  return [value, whole, value.replaceAll("\r\n", "\n"), ...bytes];
}

function codes(value: string): string[] {
  const bytes = Buffer.from(value.toWellFormed());
  const hex = bytes.toString("hex");
  const found = [0, 1, 2].flatMap((before) => base64At(bytes, before));
  return [...found, hex, hex.toUpperCase()].flatMap((code) => [code, decodeWhole(code, 1)]);
}

/**
 * The letters of base64 that tell nothing but these bytes, when so many others stand before them (of three, for three bytes are four
 * letters). In both alphabets (https://www.rfc-editor.org/rfc/rfc4648#section-5).
 */
function base64At(bytes: Buffer, before: number): string[] {
  const all = Buffer.concat([Buffer.alloc(before), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const first = Math.ceil((before * 8) / 6);
  const inside = all.slice(first, Math.floor(((before + bytes.length) * 8) / 6));
  const words = [...(inside.length >= SHORTEST_CODE ? [inside] : []), ...(before === 0 ? [all] : [])];
  return words.flatMap((word) => [word, word.replaceAll("+", "-").replaceAll("/", "_")]);
}
