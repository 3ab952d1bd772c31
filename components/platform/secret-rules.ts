/** What is wrong with a value for a secret; undefined when nothing is. The answer never holds the value. */
export type SecretRule = (value: string) => string | undefined;

/** All of several rules; the first that is broken speaks. */
export function every(...rules: SecretRule[]): SecretRule {
  return (value) => {
    for (const rule of rules) {
      const reason = rule(value);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

/** Nearly every program that reads a password from a file cuts blanks off its ends, and some stop at the first line. */
export const oneLine: SecretRule = (value) => {
  if (/\p{Cc}/u.test(value)) return "has a line break, a tab or another control character, which would be cut off";
  return /^\s|\s$/u.test(value) ? "has a blank at its beginning or end, which would be cut off" : undefined;
};

/** Limits of the length, in bytes of UTF-8. */
export function length({ least = 1, most = Number.POSITIVE_INFINITY }: { least?: number; most?: number }): SecretRule {
  return (value) => {
    const bytes = new TextEncoder().encode(value).length;
    if (bytes < least) return `is shorter than ${least} bytes`;
    return bytes > most ? `is longer than ${most} bytes` : undefined;
  };
}

/** What an HTTP header can carry as one word. */
export const headerWord: SecretRule = (value) =>
  /^[\x21-\x7e]+$/.test(value)
    ? undefined
    : "has a character that no HTTP header carries in a token: blanks, or not ASCII";
