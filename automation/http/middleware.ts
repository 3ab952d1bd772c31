import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Hono } from "hono";
import { routePath } from "hono/route";
import { pickJson, type Selection } from "../api/pick-json.ts";
import { digestBody, isOneOf, requireSignature, type Signature, type SignedRequest } from "../api/signature.ts";
import { webhookSecrets } from "../config.ts";
import { RequestError, toErrorBody } from "../errors.ts";
import type { Runner } from "../runner.ts";
import { StoreUnavailable } from "../store/store.ts";
import { readBody, requireJson, streamBody } from "./body.ts";
import { createRateLimit } from "./rate-limit.ts";

/** What every handler finds in its context. */
export type DoorEnv = { Variables: { requestId: string } };

/** A request at the door. */
export type Request = Context<DoorEnv>;

/** Where every request comes in. */
export interface Door {
  /** The raw body and the signature of a signed JSON request. Throws RequestError 401, 408, 413, 415. */
  receive(c: Request): Promise<{ raw: Uint8Array; signature: Signature }>;
  /**
   * The same for a body that may be large: of its JSON only what `selection` names is kept, as text, and none of the rest is held
   * in memory. `read` throws when the body is no JSON.
   */
  receivePicked(
    c: Request,
    selection: Selection,
    bounds: { limit: number; timeoutMs: number },
  ): Promise<{ read: () => string; signature: Signature }>;
  /** Lets the token or a signature read. Throws RequestError 401. */
  requireReader(c: Request): Promise<void>;
}

/** The request id that a caller sent, when it is harmless to repeat, else a new one. */
function toRequestId(given: string | undefined): string {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The address that a request came from; "unknown" where there is no connection. */
export function toSource(c: Request): string {
  try {
    return getConnInfo(c).remote.address ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** The request as Node received it; undefined where there is no connection. */
function toIncoming(c: Request): Readable | undefined {
  return (c.env as { incoming?: Readable } | undefined)?.incoming;
}

/** Puts request ids, error answers and the log of answers around all routes of `app`. */
export function openDoor(app: Hono<DoorEnv>, runner: Runner, stopping: AbortSignal): Door {
  const { store, log, config, variables, metrics, now } = runner;

  const limit = createRateLimit(config.rate);
  app.use(async (c, next) => {
    c.set("requestId", toRequestId(c.req.header("x-request-id")));
    c.header("x-request-id", c.get("requestId"));
    c.header("cache-control", "no-store");
    const began = now();
    limit.take(toSource(c), began);
    if (stopping.aborted) throw new RequestError("stopping", undefined, { retryAfter: 5 });
    await next();
    const { method, path } = c.req;
    const { status } = c.res;
    metrics.requests.inc({ method, route: routePath(c, -1), status });
    const fields = { requestId: c.get("requestId"), method, path, status, ms: now() - began };
    log[status >= 500 ? "warn" : "debug"]({ event: "request.answered", ...fields });
  });
  app.onError((error, c) => {
    const known = toRequestError(error);
    if (known !== error) log.error({ event: "request.failed", err: error, requestId: c.get("requestId") });
    if (known.retryAfter !== undefined) c.header("retry-after", String(known.retryAfter));
    return c.json(toErrorBody(known, c.get("requestId")), known.status);
  });
  app.notFound((c) => {
    const error = new RequestError("not_found");
    return c.json(toErrorBody(error, c.get("requestId")), error.status);
  });

  const secrets = () => webhookSecrets(variables);
  const policy = {
    secrets,
    requireV2: config.requireV2,
    remember: store.remember.bind(store),
    now,
  };
  // The secrets are those that digests were made with, where there are digests.
  const requireSigned = async (
    c: Request,
    body: SignedRequest["body"],
    valid: string[] = secrets(),
  ): Promise<Signature> => {
    const { pathname, search } = new URL(c.req.url);
    const headers = c.req.raw.headers;
    metrics.signatureChecks.inc();
    try {
      return await requireSignature(
        { method: c.req.method, path: pathname + search, headers, body },
        { ...policy, secrets: () => valid },
      );
    } catch (error) {
      if (error instanceof RequestError) {
        metrics.signatureFailures.inc({ code: error.code });
        log.warn({ event: "signature.failed", requestId: c.get("requestId"), code: error.code, source: toSource(c) });
      }
      throw error;
    }
  };

  return {
    receive: async (c) => {
      const raw = await readBody(c.req.raw);
      requireJson(c.req.raw);
      return { raw, signature: await requireSigned(c, raw) };
    },
    receivePicked: async (c, selection, bounds) => {
      const valid = secrets();
      const digest = digestBody(valid);
      const picked = pickJson(selection);
      // It is read to its end all the same: who sends no JSON may not be who knows the secret.
      let broken: unknown;
      await streamBody(
        c.req.raw,
        (chunk) => {
          digest.update(chunk);
          try {
            if (broken === undefined) picked.write(chunk);
          } catch (error) {
            broken = error;
          }
        },
        { ...bounds, incoming: toIncoming(c) },
      );
      requireJson(c.req.raw);
      const signature = await requireSigned(c, digest.digests(), valid);
      const read = () => {
        if (broken !== undefined) throw broken;
        return picked.end();
      };
      return { read, signature };
    },
    requireReader: async (c) => {
      const bearer = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
      if (bearer === undefined) {
        await requireSigned(c, await readBody(c.req.raw));
        return;
      }
      const token = variables.get("API_TOKEN");
      if (!token || !isOneOf(bearer, [token])) throw new RequestError("token_invalid");
    },
  };
}

/** Errors that were not meant for the caller say nothing of themselves. */
function toRequestError(error: Error): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof StoreUnavailable) return new RequestError("store_unavailable", undefined, { cause: error });
  return new RequestError("internal", undefined, { cause: error });
}
