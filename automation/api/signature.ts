import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type ErrorCode, RequestError } from "../errors.ts";

/** How far a v2 signature's time may be away from now, in milliseconds. */
export const TIME_WINDOW = 300_000;

/** What a signature covers. */
export interface SignedRequest {
  method: string;
  /** Path with query, as the request line has it. */
  path: string;
  /** Lower-case names. */
  headers: { get(name: string): string | null };
  /** The raw bytes: a parsed and printed body has another signature. Or what was made of them while they came. */
  body: Uint8Array | BodyDigests;
}

/** What signatures are made of, of a body that nobody kept. */
export interface BodyDigests {
  /** SHA-256, in hex. */
  hash: string;
  /** GitHub's signature with each of the secrets. */
  plain: string[];
}

/** Makes the digests of a body that comes in parts, for the secrets that are valid as it begins. */
export function digestBody(secrets: string[]): { update(chunk: Uint8Array): void; digests(): BodyDigests } {
  const hash = createHash("sha256");
  const macs = secrets.map((secret) => createHmac("sha256", secret));
  return {
    update: (chunk) => {
      for (const each of [hash, ...macs]) each.update(chunk);
    },
    digests: () => ({ hash: hash.digest("hex"), plain: macs.map((mac) => `sha256=${mac.digest("hex")}`) }),
  };
}

function toDigests(body: SignedRequest["body"], secrets: string[]): BodyDigests {
  if (!(body instanceof Uint8Array)) return body;
  const { update, digests } = digestBody(secrets);
  update(body);
  return digests();
}

/** `plain` is GitHub's form and may be a replay; `v2` carries a nonce that must still be remembered. */
export type Signature = { form: "plain" } | { form: "v2"; nonce: string };

/** A signature that is right, and which of the secrets made it, from 0. */
export type Verified = Signature & { secret: number };

/** GitHub's signature of a body: `sha256=<hex>`. */
export function signPlain(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** Our own signature over method, path, time, nonce and body: `v2=<hex>`. `timestamp` is in seconds since the epoch. */
export function signV2(
  secret: string,
  request: { method: string; path: string; timestamp: string; nonce: string; body: Uint8Array },
): string {
  const { body, ...rest } = request;
  return signHash(secret, { ...rest, hash: createHash("sha256").update(body).digest("hex") });
}

function signHash(
  secret: string,
  request: { method: string; path: string; timestamp: string; nonce: string; hash: string },
): string {
  const { method, path, timestamp, nonce, hash } = request;
  const text = ["v2", method, path, timestamp, nonce, hash].join("\n");
  return `v2=${createHmac("sha256", secret).update(text).digest("hex")}`;
}

/** Compares without telling by its time where two texts differ, nor how long the expected one is. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Which of `expected` equals `given`, -1 when none does; looks at all of them, whichever fits. */
export function findEqual(given: string, expected: string[]): number {
  return expected.map((value) => isEqual(given, value)).indexOf(true);
}

/**
 * Checks a request's signature against the secrets that are valid now (several while one is rotated). Returns the form,
 * or the error code that says what is wrong. `now` is in milliseconds. Does not remember nonces.
 */
export function verifySignature(request: SignedRequest, secrets: string[], now: number): Verified | ErrorCode {
  if (secrets.length === 0) return "secret_not_configured";
  const v2 = request.headers.get("x-dockmaster-signature");
  const { hash, plain: expected } = toDigests(request.body, secrets);
  if (v2 !== null) return verifyV2(request, { given: v2, hash }, secrets, now);
  const plain = readPlain(request.headers);
  if (plain === null) return "signature_missing";
  const secret = findEqual(plain, expected);
  return secret < 0 ? "signature_invalid" : { form: "plain", secret };
}

/** GitHub's header, or those of Gitea and Forgejo, which hold the bare hex digits. */
function readPlain(headers: SignedRequest["headers"]): string | null {
  const github = headers.get("x-hub-signature-256");
  if (github !== null) return github;
  const bare = headers.get("x-forgejo-signature") ?? headers.get("x-gitea-signature");
  return bare === null ? null : `sha256=${bare}`;
}

function verifyV2(
  request: SignedRequest,
  { given, hash }: { given: string; hash: string },
  secrets: string[],
  now: number,
): Verified | ErrorCode {
  const timestamp = request.headers.get("x-dockmaster-timestamp") ?? "";
  const nonce = request.headers.get("x-dockmaster-nonce") ?? "";
  if (!/^\d{1,12}$/.test(timestamp) || !/^[\w-]{8,128}$/.test(nonce)) return "signature_invalid";
  const { method, path } = request;
  const expected = secrets.map((secret) => signHash(secret, { method, path, timestamp, nonce, hash }));
  const secret = findEqual(given, expected);
  if (secret < 0) return "signature_invalid";
  if (Math.abs(Number(timestamp) * 1000 - now) > TIME_WINDOW) return "signature_expired";
  return { form: "v2", nonce, secret };
}

/** What `requireSignature` needs to know. */
export interface SignaturePolicy {
  /** All secrets that are valid now; none → nothing is accepted. */
  secrets(): string[];
  /** Whether GitHub's plain form is refused everywhere. */
  requireV2: boolean;
  /** Remembers a key until a time; false when it was known. Survives a restart. */
  remember(key: string, expiresAt: number, now: number): Promise<boolean>;
  now(): number;
}

/** The request's signature, with a fresh nonce. Throws RequestError 401 with the code that says what is wrong. */
export async function requireSignature(request: SignedRequest, policy: SignaturePolicy): Promise<Verified> {
  const now = policy.now();
  const signature = verifySignature(request, policy.secrets(), now);
  if (typeof signature === "string") throw new RequestError(signature);
  if (signature.form === "plain") {
    if (policy.requireV2) throw new RequestError("signature_v2_required");
    return signature;
  }
  // Twice the window: a time that lies ahead stays valid that long.
  const fresh = await policy.remember(`nonce:${signature.nonce}`, now + 2 * TIME_WINDOW, now);
  if (!fresh) throw new RequestError("signature_replayed");
  return signature;
}
