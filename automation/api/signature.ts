import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Right } from "../domain/rights.ts";
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

/** A secret that signs requests, and what it may ask for. */
export interface SigningKey {
  secret: string;
  rights: ReadonlySet<Right>;
  /** Whether it may sign in GitHub's plain form, which covers the body alone and can be sent again. */
  plain: boolean;
  /** It was replaced, and is taken for a while. */
  old?: true;
}

/** What signatures are made of, of a body that nobody kept. */
export interface BodyDigests {
  /** SHA-256, in hex. */
  hash: string;
  /** GitHub's signature with each of the keys that may sign so. */
  plain: ({ signature: string } & Pick<SigningKey, "rights" | "old">)[];
}

/** Makes the digests of a body that comes in parts, for the keys that are valid as it begins. */
export function digestBody(keys: readonly SigningKey[]): { update(chunk: Uint8Array): void; digests(): BodyDigests } {
  const hash = createHash("sha256");
  const macs = keys.filter(({ plain }) => plain).map((key) => ({ ...key, mac: createHmac("sha256", key.secret) }));
  return {
    update: (chunk) => {
      for (const each of [hash, ...macs.map(({ mac }) => mac)]) each.update(chunk);
    },
    digests: () => ({
      hash: hash.digest("hex"),
      plain: macs.map(({ mac, rights, old }) => ({
        ...{ signature: `sha256=${mac.digest("hex")}`, rights },
        ...(old && { old }),
      })),
    }),
  };
}

function toDigests(body: SignedRequest["body"], keys: readonly SigningKey[]): BodyDigests {
  if (!(body instanceof Uint8Array)) return body;
  const { update, digests } = digestBody(keys);
  update(body);
  return digests();
}

/** `plain` is GitHub's form and may be a replay; `v2` carries a nonce that must still be remembered. `rights`: the key's; `old`: it is one of before. */
export type Signature = { rights: SigningKey["rights"]; old?: true } & (
  | { form: "plain" }
  | { form: "v2"; nonce: string }
);

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

/** Whether `given` equals one of `expected`; looks at all of them, whichever fits. */
export function isOneOf(given: string, expected: string[]): boolean {
  return expected.map((value) => isEqual(given, value)).includes(true);
}

/**
 * Checks a request's signature against the keys that are valid now (several while one is rotated). Returns form and rights,
 * or the error code that says what is wrong. `now` is in milliseconds. Does not remember nonces.
 */
export function verifySignature(
  request: SignedRequest,
  keys: readonly SigningKey[],
  now: number,
): Signature | ErrorCode {
  const wrong = findMalformed(request.headers, keys);
  if (wrong) return wrong;
  const v2 = request.headers.get("x-dockmaster-signature");
  const { hash, plain: expected } = toDigests(request.body, keys);
  if (v2 !== null) return verifyV2(request, { given: v2, hash }, keys, now);
  const plain = readPlain(request.headers) ?? "";
  const fits = expected.map((each) => ({ ...each, fits: isEqual(plain, each.signature) }));
  const fitting = fits.find((each) => each.fits);
  return fitting ? { form: "plain", ...marksOf(fitting) } : "signature_invalid";
}

/** What is wrong with a signature whatever the body is; undefined when the body decides. */
export function findMalformed(headers: SignedRequest["headers"], keys: readonly SigningKey[]): ErrorCode | undefined {
  if (keys.length === 0) return "secret_not_configured";
  const v2 = headers.get("x-dockmaster-signature");
  const plain = readPlain(headers);
  if (v2 === null && plain === null) return "signature_missing";
  const isWell =
    v2 === null
      ? /^sha256=[0-9a-f]{64}$/.test(plain ?? "")
      : /^v2=[0-9a-f]{64}$/.test(v2) &&
        /^\d{1,12}$/.test(headers.get("x-dockmaster-timestamp") ?? "") &&
        /^[\w-]{8,128}$/.test(headers.get("x-dockmaster-nonce") ?? "");
  return isWell ? undefined : "signature_invalid";
}

/** Whether a request says that it is signed, rightly or not. */
export function isSigned(headers: SignedRequest["headers"]): boolean {
  return headers.get("x-dockmaster-signature") !== null || readPlain(headers) !== null;
}

/** What a signature tells of its key: never the key. */
function marksOf({ rights, old }: Pick<SigningKey, "rights" | "old">): Pick<Signature, "rights" | "old"> {
  return { rights, ...(old && { old }) };
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
  keys: readonly SigningKey[],
  now: number,
): Signature | ErrorCode {
  const timestamp = request.headers.get("x-dockmaster-timestamp") ?? "";
  const nonce = request.headers.get("x-dockmaster-nonce") ?? "";
  const { method, path } = request;
  const signed = { method, path, timestamp, nonce, hash };
  // All are looked at, whichever fits.
  const fits = keys.map((key) => ({ ...key, fits: isEqual(given, signHash(key.secret, signed)) }));
  const fitting = fits.find((each) => each.fits);
  if (!fitting) return "signature_invalid";
  if (Math.abs(Number(timestamp) * 1000 - now) > TIME_WINDOW) return "signature_expired";
  return { form: "v2", nonce, ...marksOf(fitting) };
}

/** What `requireSignature` needs to know. */
export interface SignaturePolicy {
  /** All keys that are valid now; none → nothing is accepted. */
  keys(): readonly SigningKey[];
  /** Whether GitHub's plain form is refused everywhere. */
  requireV2: boolean;
  /** Remembers a key until a time; false when it was known. Survives a restart. */
  remember(key: string, expiresAt: number, now: number): Promise<boolean>;
  now(): number;
}

/** The request's signature, with a fresh nonce. Throws RequestError 401 with the code that says what is wrong. */
export async function requireSignature(request: SignedRequest, policy: SignaturePolicy): Promise<Signature> {
  const now = policy.now();
  const signature = verifySignature(request, policy.keys(), now);
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
