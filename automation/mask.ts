/** A function that takes known values out of a text. */
export type Mask = (text: string) => string;

/** Shorter values would mask ordinary words. */
const SHORTEST = 6;

/** Replaces every one of `secrets()` by `[secret]`, longest first, and the password in any URL. */
export function createMask(secrets: () => string[]): Mask {
  return (text) => {
    const values = [...new Set(secrets())].filter((value) => value.length >= SHORTEST);
    values.sort((a, b) => b.length - a.length);
    let masked = text;
    for (const value of values) masked = masked.replaceAll(value, "[secret]");
    return masked.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1[secret]@");
  };
}
