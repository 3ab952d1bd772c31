const FINGERPRINT = /@fingerprint\(([^()@]*)\)@/g;
const SIGN_IN = "@sign-in@";

/**
 * Stands in a planned text for the fingerprint of these secrets: what they are is known only when Vault holds them, and a plan is made
 * before anything is touched.
 */
export function fingerprintMark(names: readonly string[]): string {
  return `@fingerprint(${names.join(",")})@`;
}

/** Stands for what changes with role id and secret id. */
export const signInMark = SIGN_IN;

/** The text with the values for its marks. */
export function fillIn(text: string, fingerprint: (names: readonly string[]) => string, signIn: string): string {
  return text
    .replaceAll(FINGERPRINT, (_mark, names: string) => fingerprint(names.split(",")))
    .replaceAll(SIGN_IN, () => signIn);
}
