/** A function that takes known values out of a text. */
export type Mask = (text: string) => string;

/** Shorter values would mask ordinary words. */
const SHORTEST = 6;

/** Takes known values out of every text in a value of JSON. */
export function maskAll<T>(mask: Mask, value: T): T {
  if (typeof value === "string") return mask(value) as T;
  if (Array.isArray(value)) return value.map((item) => maskAll(mask, item)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskAll(mask, item)])) as T;
}

/** Replaces every one of `secrets()` by `[secret]`, longest first, and the password in any URL. */
export function createMask(secrets: () => string[]): Mask {
  return (text) => {
    const known = secrets().filter((value) => value.length >= SHORTEST);
    // Inside JSON a quote, a backslash or a line end is written otherwise.
    const values = [...new Set(known.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))];
    values.sort((a, b) => b.length - a.length);
    let masked = text;
    for (const value of values) masked = masked.replaceAll(value, "[secret]");
    return masked.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1[secret]@");
  };
}
