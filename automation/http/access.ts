import type { Readable } from "node:stream";
import type { Operation } from "../api/operations.ts";
import { pickJson } from "../api/pick-json.ts";
import { digestBody, findEqual, requireSignature, type Signature, type SignedRequest } from "../api/signature.ts";
import { apiToken, webhookSecrets } from "../config.ts";
import type { Variables } from "../environment.ts";
import { RequestError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import { readBody, requireJson, streamBody } from "./body.ts";
import { type Request, toSource } from "./middleware.ts";

/** The text of a signed JSON body. `read` throws when the body is no text. */
export interface SignedBody {
  read: () => string;
  signature: Signature;
}

/** Who may ask for what. */
export interface Access {
  /**
   * The body and the signature of a signed JSON request. Of a body that comes in `parts` only what they name is kept, and none of the
   * rest is held in memory. Throws RequestError 401, 408, 413, 415.
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
  variables: Pick<Variables, "get">;
  metrics: Pick<Metrics, "signatureChecks" | "signatureFailures">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The request as Node received it; undefined where there is no connection. */
function toIncoming(c: Request): Readable | undefined {
  return (c.env as { incoming?: Readable } | undefined)?.incoming;
}

/** Checks signatures and tokens with the secrets that are valid at the moment. */
export function createAccess({ store, log, config, variables, metrics, now }: Checking): Access {
  const secrets = () => webhookSecrets(variables);
  const policy = { requireV2: config.requireV2, remember: store.remember.bind(store), now };

  // The secrets are those that digests were made with, where there are digests.
  const requireSigned = async (c: Request, body: SignedRequest["body"], valid = secrets()): Promise<Signature> => {
    const { pathname, search } = new URL(c.req.url);
    const request = { method: c.req.method, path: pathname + search, headers: c.req.raw.headers, body };
    metrics.signatureChecks.inc();
    try {
      const signature = await requireSignature(request, { ...policy, secrets: () => valid.all });
      if (signature.secret >= valid.current) {
        log.warn({ event: "secret.old_used", requestId: c.get("requestId"), path: pathname, source: toSource(c) });
      }
      return signature;
    } catch (error) {
      if (error instanceof RequestError) {
        metrics.signatureFailures.inc({ code: error.code });
        log.warn({ event: "signature.failed", requestId: c.get("requestId"), code: error.code, source: toSource(c) });
      }
      throw error;
    }
  };

  const receiveWhole = async (c: Request): Promise<SignedBody> => {
    const raw = await readBody(c.req.raw);
    requireJson(c.req.raw);
    const signature = await requireSigned(c, raw);
    return { read: () => new TextDecoder("utf-8", { fatal: true }).decode(raw), signature };
  };

  const receiveParts = async (
    c: Request,
    { selection, ...bounds }: NonNullable<Operation["parts"]>,
  ): Promise<SignedBody> => {
    const valid = secrets();
    const digest = digestBody(valid.all);
    const picked = pickJson(selection);
    // It is read to its end all the same: who sends no JSON may not be who knows the secret.
    let broken: unknown;
    const take = (chunk: Uint8Array) => {
      digest.update(chunk);
      try {
        if (broken === undefined) picked.write(chunk);
      } catch (error) {
        broken = error;
      }
    };
    await streamBody(c.req.raw, take, { ...bounds, incoming: toIncoming(c) });
    requireJson(c.req.raw);
    const signature = await requireSigned(c, digest.digests(), valid);
    const read = () => {
      if (broken !== undefined) throw broken;
      return picked.end();
    };
    return { read, signature };
  };

  return {
    receive: (c, parts) => (parts ? receiveParts(c, parts) : receiveWhole(c)),
    requireReader: async (c) => {
      const bearer = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
      if (bearer === undefined) {
        await requireSigned(c, await readBody(c.req.raw));
        return;
      }
      const token = apiToken(variables);
      if (token === undefined || findEqual(bearer, [token]) < 0) throw new RequestError("token_invalid");
    },
  };
}
