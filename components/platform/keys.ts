import { createHmac, hkdfSync } from "node:crypto";
import { rememberSecrets } from "../../text/mask/process-secrets.ts";

/** Shortest `PLATFORM_KEY`, in characters: 32 of base64 hold 192 bits. */
export const MIN_KEY_LENGTH = 32;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Whose secret it is: a service of a stack, the secret's name, and how often it was rotated (from 1). */
export interface SecretIdentity {
  stack: string;
  service: string;
  name: string;
  version: number;
}

/**
 * The value of a generated secret: 40 letters and digits (238 bits), the same for the same key and identity for ever.
 * Derived and not random, so that neither a lost state nor a killed update makes a new password for old data.
 */
export function deriveSecret(key: string, { stack, service, name, version }: SecretIdentity): string {
  const bytes = derive(key, `${stack}/${service}/${name}/${version}`, 128);
  // Bytes from 248 on would make the first letters likelier than the others (248 = 4 × 62).
  const even = [...bytes].filter((byte) => byte < 248);
  const letters = even.slice(0, 40).map((byte) => ALPHABET[byte % 62]);
  const value = letters.join("");
  rememberSecrets(value);
  return value;
}

/** Tells whether values changed without telling anything of them: 16 hex digits, keyed by the platform's key. */
export function fingerprint(key: string, stack: string, values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  const mac = createHmac("sha256", derive(key, `fingerprint/${stack}`, 32));
  return mac.update(JSON.stringify(entries)).digest("hex").slice(0, 16);
}

/** The id that marks objects on Dokploy as this platform's: 16 hex digits, needs no state. */
export function ownerId(key: string, stack: string): string {
  return derive(key, `owner/${stack}`, 8).toString("hex");
}

function derive(key: string, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", info, length));
}
