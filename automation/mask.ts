import type { Cause, ServiceOutcome } from "./domain/run.ts";

/** A function that takes known values out of a text. */
export type Mask = (text: string) => string;

/** Shorter values would mask ordinary words. */
const SHORTEST = 6;

/** A cause whose texts are masked. Its code is none: a secret may be any word. */
export function maskCause(mask: Mask, cause: Cause): Cause {
  const { message, hint, logTail } = cause;
  const tail = logTail ? { logTail: logTail.map((line) => mask(line)) } : {};
  return { ...cause, message: mask(message), hint: mask(hint), ...tail };
}

/** A service's outcome whose texts are masked, its name and result left alone. */
export function maskOutcome(mask: Mask, outcome: ServiceOutcome): ServiceOutcome {
  const { reason, cause, allows } = outcome;
  return {
    ...outcome,
    reason: mask(reason),
    ...(allows ? { allows: allows.map((text) => mask(text)) } : {}),
    ...(cause ? { cause: maskCause(mask, cause) } : {}),
  };
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
