import { createHash } from "node:crypto";

/**
 * One fingerprint for the secrets that a container uses: 16 hex digits that change when one of their values does. `fingerprints` are the
 * outputs of `Secrets`, already keyed. A name without one is a mistake of the program and throws.
 */
export function combineFingerprints(fingerprints: Readonly<Record<string, string>>, names: readonly string[]): string {
  const parts = [...new Set(names)].sort().map((name) => {
    const one = fingerprints[name];
    if (one === undefined) throw new Error(`no fingerprint of secret ${name}`);
    return `${name}=${one}`;
  });
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
}
