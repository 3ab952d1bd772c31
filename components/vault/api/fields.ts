import { randomBytes } from "node:crypto";
import { VaultError } from "./errors.ts";

/**
 * How the value of a field comes about.
 * `text`: letters and digits · `hex` · `base64`: without padding, URL-safe · `given`: people put it there, it is never generated.
 */
export type FieldKind = "text" | "hex" | "base64" | "given";

/** One field of a secret, with every default filled in. */
export interface Field {
  kind: FieldKind;
  /** Characters of a generated value, 16 to 4096. */
  length: number;
  /** From 1. A higher number than the last time asks for a new value. */
  rotation: number;
}

/** What a program may leave out: kind `text`, 40 characters, rotation 1. */
export type FieldInput = Partial<Field>;

const KINDS: readonly string[] = ["text", "hex", "base64", "given"] satisfies FieldKind[];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Names that a template of the agent can address, e.g. `postgres_password`. */
export const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Fills in defaults. Throws `config_invalid` for what cannot be. */
export function readFields(fields: Readonly<Record<string, FieldInput>>): Record<string, Field> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { kind = "text", length = 40, rotation = 1 }]) => {
      const wrong = (message: string, hint: string) =>
        new VaultError("config_invalid", `secret \`${name}\`: ${message}`, hint);
      if (!FIELD_NAME.test(name)) throw wrong("this is no name of a field", "use letters, digits and underscores");
      if (!KINDS.includes(kind)) throw wrong(`there is no kind \`${kind}\``, `use one of ${KINDS.join(", ")}`);
      if (!Number.isInteger(length) || length < 16 || length > 4096) throw wrong("unusable length", "use 16 to 4096");
      if (!Number.isInteger(rotation) || rotation < 1) throw wrong("unusable rotation", "use a whole number from 1");
      return [name, { kind, length, rotation }];
    }),
  );
}

/** A new random value. */
export function generateValue({ kind, length }: Field): string {
  if (kind === "hex")
    return randomBytes(Math.ceil(length / 2))
      .toString("hex")
      .slice(0, length);
  if (kind === "base64") return randomBytes(length).toString("base64url").slice(0, length);
  let text = "";
  while (text.length < length) {
    // Bytes from 248 on would make the first letters likelier than the others (248 = 4 × 62).
    for (const byte of randomBytes(length)) if (byte < 248) text += LETTERS[byte % 62];
  }
  return text.slice(0, length);
}
