import type { Operation } from "../api/operations.ts";
import { pickJson } from "../api/pick-json.ts";
import {
  digestBody,
  findMalformed,
  isOneOf,
  requireSignature,
  type Signature,
  type SignedRequest,
  type SigningKey,
} from "../api/signature.ts";
import { apiToken, signingKeys } from "../config.ts";
import type { Variables } from "../environment.ts";
import { RequestError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import { BODY_LIMIT, BODY_TIMEOUT, readLength, requireJson, streamBody, tooLarge } from "./body.ts";
import { type BytesInFlight, createBytesInFlight, type Hold, SMALL } from "./bytes-in-flight.ts";
import { keepConnection } from "./connections.ts";
import type { Request } from "./middleware.ts";

/** The text of a signed JSON body. `read` throws when the body is no text. */
export interface SignedBody {
  read: () => string;
  signature: Signature;
}

/** Who may ask for what. */
export interface Access {
  /**
   * The body and the signature of a signed JSON request. Of a body that comes in `parts` only what they name is kept, and none of the
   * rest is held in memory. Throws RequestError 401, 408, 411, 413, 415, 503.
   */
  receive(c: Request, parts?: Operation["parts"]): Promise<SignedBody>;
  /** Lets the token or a signature read. Throws RequestError 401. */
  requireReader(c: Request): Promise<void>;
}

/** What signatures and tokens are checked with. */
export interface Checking {
  store: Pick<Store, "remember">;
  log: Pick<Log, "warn">;
  config: {
    /** Whether GitHub's plain signature is refused. */
    requireV2: boolean;
  };
  variables: Pick<Variables, "get" | "isNamed">;
  metrics: Pick<Metrics, "signatureChecks" | "signatureFailures">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * How much may be on its way in all, in bytes, before it is known who sends it: of bodies that are held until they are whole, and of
 * those of which only parts are kept. Two bounds, so that deliveries, which may be large, keep nobody else out.
 */
const HELD = 16 * 1024 ** 2;
const STREAMED = 64 * 1024 ** 2;

/** How many bytes of a body are looked at to see what it could be. */
const BEGINNING = 16;

const NOTHING = new Uint8Array();

/** Checks signatures and tokens with the secrets that are valid at the moment. */
export function createAccess({ store, log, config, variables, metrics, now }: Checking): Access {
  const keys = () => signingKeys(variables);
  const policy = { requireV2: config.requireV2, remember: store.remember.bind(store), now };
  const held = createBytesInFlight(HELD);
  const streamed = createBytesInFlight(STREAMED);

  const refuse = (c: Request, error: RequestError, bytes = 0): RequestError => {
    metrics.signatureFailures.inc({ code: error.code });
    const { source, admission } = { source: c.get("source"), admission: c.get("admission") };
    // Who sends more than it may would fill the log with it.
    if (!admission.owed) {
      log.warn({ event: "signature.failed", requestId: c.get("requestId"), code: error.code, source });
    }
    if (error.code !== "signature_missing") admission.fail(bytes);
    return error;
  };

  const prove = (c: Request, by: "token" | "secret") => {
    c.get("admission").prove();
    c.set("reader", `${by} ${c.get("bucket")}`);
    const { incoming, outgoing } = c.env ?? {};
    if (incoming && outgoing) keepConnection(incoming, outgoing);
  };

  // The keys are those that digests were made with, where there are digests.
  const requireSigned = async (
    c: Request,
    body: SignedRequest["body"],
    { valid = keys(), bytes = 0 } = {},
  ): Promise<Signature> => {
    const { pathname, search } = new URL(c.req.url);
    const request = { method: c.req.method, path: pathname + search, headers: c.req.raw.headers, body };
    metrics.signatureChecks.inc();
    let signature: Signature;
    try {
      signature = await requireSignature(request, { ...policy, keys: () => valid });
    } catch (error) {
      throw error instanceof RequestError ? refuse(c, error, bytes) : error;
    }
    prove(c, "secret");
    if (signature.old) {
      log.warn({ event: "secret.old_used", requestId: c.get("requestId"), path: pathname, source: c.get("source") });
    }
    return signature;
  };

  /** Before any of the body is read. A small one is read all the same, so that its connection can go on being used. */
  const requireForm = (c: Request, bytes: number, valid: readonly SigningKey[]) => {
    if (bytes <= SMALL) return;
    requireJson(c.req.raw);
    const wrong = findMalformed(c.req.raw.headers, valid);
    if (wrong === undefined) return;
    metrics.signatureChecks.inc();
    throw refuse(c, new RequestError(wrong));
  };

  const receiveWhole = async (c: Request): Promise<SignedBody> => {
    const { bytes, read } = await openBody(c, BODY_LIMIT);
    requireForm(c, bytes, keys());
    const whole = await holding(held, bytes, now, async ({ add, lost }) => {
      const body = Buffer.allocUnsafeSlow(bytes);
      let at = 0;
      const take = (chunk: Uint8Array) => {
        body.set(chunk, at);
        at += chunk.byteLength;
        add(chunk.byteLength);
      };
      await read(take, { timeoutMs: BODY_TIMEOUT, lost });
      requireJson(c.req.raw);
      return { body, signature: await requireSigned(c, body, { bytes }) };
    });
    return { read: () => new TextDecoder("utf-8", { fatal: true }).decode(whole.body), signature: whole.signature };
  };

  const receiveParts = async (
    c: Request,
    { selection, limit, timeoutMs, couldBe }: NonNullable<Operation["parts"]>,
  ): Promise<SignedBody> => {
    const { headers } = c.req.raw;
    const { bytes, read } = await openBody(c, limit);
    const valid = keys();
    requireForm(c, bytes, valid);
    const digest = digestBody(valid);
    const picked = pickJson(selection);
    return holding(streamed, Math.min(bytes, BODY_LIMIT), now, async ({ add, hold, lost }) => {
      // It is read to its end all the same: who sends no JSON may not be who knows the secret.
      let broken: unknown;
      let beginning = bytes > BODY_LIMIT ? "" : undefined;
      const take = (chunk: Uint8Array) => {
        if (beginning !== undefined && beginning.length < BEGINNING) {
          beginning += Buffer.from(chunk.subarray(0, BEGINNING)).toString("latin1");
          if (beginning.length >= BEGINNING) {
            if (!couldBe(headers, beginning)) throw tooLarge(BODY_LIMIT);
            hold(bytes - BODY_LIMIT);
          }
        }
        add(chunk.byteLength);
        digest.update(chunk);
        try {
          if (broken === undefined) picked.write(chunk);
        } catch (error) {
          broken = error;
        }
      };
      await read(take, { timeoutMs, lost });
      requireJson(c.req.raw);
      const signature = await requireSigned(c, digest.digests(), { valid, bytes });
      const readParts = () => {
        if (broken !== undefined) throw broken;
        return picked.end();
      };
      return { read: readParts, signature };
    });
  };

  return {
    receive: (c, parts) => (parts ? receiveParts(c, parts) : receiveWhole(c)),
    requireReader: async (c) => {
      const bearer = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
      if (bearer === undefined) {
        await requireSigned(c, NOTHING);
        return;
      }
      const token = apiToken(variables);
      if (token !== undefined && isOneOf(bearer, [token])) return prove(c, "token");
      c.get("admission").fail(0);
      throw new RequestError("token_invalid");
    },
  };
}

/** How long a body is, and what reads it. Throws RequestError as `readLength` does. */
async function openBody(c: Request, limit: number): Promise<Body> {
  const { incoming } = c.env ?? {};
  if (incoming) {
    const read: Body["read"] = (take, reading) => streamBody(incoming, take, reading);
    return { bytes: readLength(c.req.raw.headers, limit), read };
  }
  // Asked in this process: it is all there.
  const body = new Uint8Array(await c.req.raw.arrayBuffer());
  if (body.byteLength > limit) throw tooLarge(limit);
  return { bytes: body.byteLength, read: async (take) => take(body) };
}

interface Body {
  bytes: number;
  read(take: (chunk: Uint8Array) => void, reading: { timeoutMs: number; lost: AbortSignal }): Promise<void>;
}

/** What is done while there is room for a body: `hold` makes more of it, `lost` tells that another got it. */
interface Room {
  add(bytes: number): void;
  hold(bytes: number): void;
  lost: AbortSignal;
}

/** Makes room for a body until it is known who sent it. */
async function holding<T>(
  room: BytesInFlight,
  bytes: number,
  now: () => number,
  work: (room: Room) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const holds: Hold[] = [];
  const hold = (more: number) => void holds.push(room.take(more, now(), (error) => lost.abort(error)));
  const add = (come: number) => {
    for (const each of holds) each.add(come);
  };
  try {
    hold(bytes);
    return await work({ add, hold, lost: lost.signal });
  } finally {
    for (const each of holds) each.release();
  }
}
