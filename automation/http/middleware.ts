import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, Hono } from "hono";
import { routePath } from "hono/route";
import { isSigned } from "../api/signature.ts";
import { RequestError, toErrorBody } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { StoreUnavailable } from "../store/store.ts";
import { type Admission, type Claimed, createAdmissions } from "./admission.ts";
import { leaveUnread } from "./connections.ts";
import type { Rate } from "./rate-limit.ts";
import { clientAddress, type Proxies, toBucket } from "./source.ts";

/** What every handler finds in its context. */
export type HttpEnv = {
  /** Absent where a test asks without a connection. */
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
  Variables: {
    requestId: string;
    /** Milliseconds since the epoch. */
    arrivedAt: number;
    /** The address that it came from, and whose requests count together with it. */
    source: string;
    bucket: string;
    admission: Admission;
    /** Who reads, once it is known that it may. */
    reader: string;
  };
};

/** A request that went through the middleware. */
export type Request = Context<HttpEnv>;

/** The request id that a caller sent, when it is harmless to repeat, else a new one. */
function toRequestId(given: string | undefined): string {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** What the middleware needs. */
export interface Around {
  log: Log;
  config: {
    /** Requests that one source may send. */
    rate: Rate;
    /** Who may say for whom a request is. */
    trustedProxies: Proxies;
  };
  metrics: Pick<Metrics, "requests">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The address that a request came from; "unknown" where there is no connection. */
function toSource(c: Request, proxies: Proxies): string {
  const peer = c.env?.incoming?.socket.remoteAddress;
  return peer === undefined ? "unknown" : clientAddress(peer, c.req.header("x-forwarded-for"), proxies);
}

/** What of a request tells whether it could be one of ours. */
function toClaimed(c: Request): Claimed {
  const { headers } = c.req.raw;
  const length = headers.get("content-length");
  const bytes = length !== null ? Number(length) : headers.has("transfer-encoding") ? undefined : 0;
  return { signs: isSigned(headers) || headers.has("authorization"), bytes };
}

/** Puts request ids, the rate limit, error answers and the log of answers around all routes of `app`. */
export function useMiddleware(app: Hono<HttpEnv>, { log, config, metrics, now }: Around, stopping: AbortSignal): void {
  const admissions = createAdmissions(config.rate);
  app.use(async (c, next) => {
    c.set("requestId", toRequestId(c.req.header("x-request-id")));
    c.header("x-request-id", c.get("requestId"));
    c.header("cache-control", "no-store");
    c.set("arrivedAt", now());
    await next();
    const { method, path } = c.req;
    const { status } = c.res;
    metrics.requests.inc({ method: toKnownMethod(method), route: routePath(c, -1), status });
    const fields = { requestId: c.get("requestId"), method, path, status, ms: now() - c.get("arrivedAt") };
    log[status >= 500 ? "warn" : "debug"]({ event: "request.answered", ...fields });
    if (leaveUnread(c.env?.incoming)) c.header("connection", "close");
  });
  app.use(async (c, next) => {
    c.set("source", toSource(c, config.trustedProxies));
    c.set("bucket", toBucket(c.get("source")));
    const admission = admissions.admit(c.get("bucket"), toClaimed(c), c.get("arrivedAt"));
    c.set("admission", admission);
    if (stopping.aborted) throw new RequestError("stopping", undefined, { retryAfter: 5 });
    await next();
    if (admission.owed && !admission.proven()) throw admission.owed;
  });
  answerErrors(app, { log });
}

/** Answers what is thrown, and paths that there are not. */
export function answerErrors(app: Hono<HttpEnv>, { log }: Pick<Around, "log">): void {
  app.onError((error, c) => {
    const known = toRequestError(error);
    if (known !== error) log.error({ event: "request.failed", err: error, requestId: c.get("requestId") });
    if (known.retryAfter !== undefined) c.header("retry-after", String(known.retryAfter));
    return c.json(toErrorBody(known, c.get("requestId") ?? ""), known.status);
  });
  app.notFound((c) => {
    const error = new RequestError("not_found");
    return c.json(toErrorBody(error, c.get("requestId") ?? ""), error.status);
  });
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/** Labels of metrics are a closed set, and callers may send any method that Node knows. */
function toKnownMethod(method: string): string {
  return METHODS.includes(method) ? method : "other";
}

/** Errors that were not meant for the caller say nothing of themselves. */
function toRequestError(error: Error): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof StoreUnavailable) return new RequestError("store_unavailable", undefined, { cause: error });
  return new RequestError("internal", undefined, { cause: error });
}
