import { createHash, randomInt } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ID_ALPHABET = `${LETTERS}0123456789_-`;
const SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const WORDS =
  "hack online capacitor reboot neural port parse mobile matrix index virtual bus override digital array".split(" ");

function pick(alphabet: ArrayLike<string>, count: number): string[] {
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)] as string);
}

/** 21 characters, as nanoid makes them. */
export function newId(): string {
  return pick(ID_ALPHABET, 21).join("");
}

/** 64 letters, as better-auth makes API keys. */
export function newApiKey(): string {
  return pick(LETTERS, 64).join("");
}

/** 32 letters and digits: the ids of users and keys. */
export function newAuthId(): string {
  return pick(ID_ALPHABET.slice(0, 62), 32).join("");
}

export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** The name of the docker compose project: what was asked for and six random characters, or three words and six. */
export function newAppName(asked: string | undefined): string {
  const base = asked === undefined ? `compose-${pick(WORDS, 3).join("-")}` : asked.trim().toLowerCase();
  return `${base}-${pick(SUFFIX_ALPHABET, 6).join("")}`;
}
