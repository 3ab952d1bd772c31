import { findInAddresses } from "./addresses.ts";
import { decode, unwrap } from "./decode.ts";
import { createFinder, type Finder, type Part, unite } from "./find.ts";
import { formsOf, LEVELS, type Which } from "./forms.ts";

/** A function that takes known values, and what signs in in addresses, out of a text. */
export type Mask = (text: string) => string;

/** How a mask is made. */
export interface MaskOptions extends Which {
  /** What stands instead. */
  mark: string;
}

/**
 * Makes the mask of `secrets`, which are asked for again at every use: a rotated file counts at once. Every secret is hidden as it is,
 * however JSON, addresses, HTML, base64 or hexadecimal digits write it, up to four times around each other, and line by line; where
 * two overlap all of both is hidden. The time is linear in the text's length. Texts are masked first and cut after that: half a secret
 * is not known any more.
 */
export function createMask(secrets: () => Iterable<string>, options: MaskOptions): Mask {
  let known: string[] | undefined;
  let words = wordsOf([], options);
  return (text) => {
    const now = [...secrets()];
    if (now.length !== known?.length || now.some((value, index) => value !== known?.[index])) {
      known = now;
      words = wordsOf(now, options);
    }
    return replace(text, findSecrets(text, words), options.mark);
  };
}

/** What is looked for. */
interface Words {
  all: Finder;
  /** Only base64 and hexadecimal digits. */
  codes: Finder;
  isCode(word: string): boolean;
}

function wordsOf(secrets: string[], which: Which): Words {
  const forms = [...new Set(secrets)].map((secret) => formsOf(secret, which));
  const codes = new Set(forms.flatMap((form) => form.codes));
  const spellings = forms.flatMap((form) => form.spellings);
  return { all: createFinder([...spellings, ...codes]), codes: createFinder(codes), isCode: (word) => codes.has(word) };
}

function findSecrets(text: string, words: Words): Part[] {
  const parts: Part[] = [];
  /** Leads from the text with escapes taken back to where it stands in the given one. */
  let toGiven = (part: Part) => part;
  let current = text;
  for (let level = 0; ; level++) {
    const known = words.all(current).map((part) => withEdges(current, part, words));
    parts.push(...[...known, ...findInAddresses(current)].map(toGiven));
    const unwrapped = unwrap(current);
    if (unwrapped) {
      const codes = words.codes(unwrapped.text).map((part) => withEdges(unwrapped.text, part, words));
      parts.push(...codes.map((part) => toGiven(unwrapped.toSource(part))));
    }
    const decoded = level < LEVELS ? decode(current) : undefined;
    if (!decoded) return unite(parts);
    const before = toGiven;
    toGiven = (part) => before(decoded.toSource(part));
    current = decoded.text;
  }
}

/** The letters of base64 beside those that tell only the secret hold some of its bits. */
function withEdges(text: string, { start, end }: Part, { isCode }: Words): Part {
  if (!isCode(text.slice(start, end))) return { start, end };
  const isLetter = (at: number) => /[\w+/-]/.test(text.charAt(at));
  return { start: isLetter(start - 1) ? start - 1 : start, end: isLetter(end) ? end + 1 : end };
}

function replace(text: string, parts: Part[], mark: string): string {
  let masked = "";
  let copied = 0;
  for (const { start, end } of parts) {
    masked += text.slice(copied, start) + mark;
    copied = end;
  }
  return masked + text.slice(copied);
}
