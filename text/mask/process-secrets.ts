const known = new Set<string>();

/** Remembers secrets that this process derived, generated or read: every mask of this process hides them from now on. */
export function rememberSecrets(...values: string[]): void {
  for (const value of values) known.add(value);
}

/** What was remembered. */
export function secretsOfProcess(): Iterable<string> {
  return known;
}
