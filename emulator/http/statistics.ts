import type { MiddlewareHandler } from "hono";
import { procedureOf } from "../faults/request-faults.ts";

export interface Statistics {
  /** All requests to `/api` since the start or the last reset. */
  requests: number;
  /** The same by procedure; the push-deploy hook counts as `deploy.compose`. */
  procedures: Record<string, number>;
}

export function countRequests(statistics: Statistics): MiddlewareHandler {
  return async (c, next) => {
    const procedure = procedureOf(c.req.path);
    statistics.requests += 1;
    statistics.procedures[procedure] = (statistics.procedures[procedure] ?? 0) + 1;
    await next();
  };
}
