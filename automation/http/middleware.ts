import { randomUUID } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Hono } from "hono";
import { routePath } from "hono/route";
import { RequestError, toErrorBody } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { StoreUnavailable } from "../store/store.ts";
import { createRateLimit, type Rate } from "./rate-limit.ts";

/** What every handler finds in its context; `arrivedAt` is in milliseconds since the epoch. */
export type HttpEnv = { Variables: { requestId: string; arrivedAt: number } };

/** A request that went through the middleware. */
export type Request = Context<HttpEnv>;

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

/** What the middleware needs. */
export interface Around {
  log: Log;
  config: {
    /** Requests that one source may send. */
    rate: Rate;
  };
  metrics: Pick<Metrics, "requests">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Puts request ids, the rate limit, error answers and the log of answers around all routes of `app`. */
export function useMiddleware(app: Hono<HttpEnv>, { log, config, metrics, now }: Around, stopping: AbortSignal): void {
  const limit = createRateLimit(config.rate);
  app.use(async (c, next) => {
    c.set("requestId", toRequestId(c.req.header("x-request-id")));
    c.header("x-request-id", c.get("requestId"));
    c.header("cache-control", "no-store");
    const arrivedAt = now();
    c.set("arrivedAt", arrivedAt);
    limit.take(toSource(c), arrivedAt);
    if (stopping.aborted) throw new RequestError("stopping", undefined, { retryAfter: 5 });
    await next();
    const { method, path } = c.req;
    const { status } = c.res;
    metrics.requests.inc({ method, route: routePath(c, -1), status });
    const fields = { requestId: c.get("requestId"), method, path, status, ms: now() - arrivedAt };
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
}

/** Errors that were not meant for the caller say nothing of themselves. */
function toRequestError(error: Error): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof StoreUnavailable) return new RequestError("store_unavailable", undefined, { cause: error });
  return new RequestError("internal", undefined, { cause: error });
}
