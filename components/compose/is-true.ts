/** Whether Compose reads a value as true: it accepts words for it, in quotes too. */
export function isTrue(value: unknown): boolean {
  return /^(1|t|true|y|yes|on)$/i.test(String(value));
}
