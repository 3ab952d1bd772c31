import type { MiddlewareHandler } from "hono";
import type { Keys } from "../state/keys.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?)$/;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Guards the page and the control endpoint, which are the emulator's own. Bound to loopback they need no key: whoever
 * reaches them runs on this machine already. Bound to anything else they need an API key, as `x-api-key` or as the password
 * of HTTP Basic authentication, which a browser asks for by itself. A page of another site must not drive them either, so
 * on loopback the Host must be a loopback name (DNS rebinding), and a write must not come from another origin.
 */
export function guardOwnPages(host: string, keys: Keys): MiddlewareHandler {
  const open = isLoopback(host);
  return async (c, next) => {
    const { hostname, host: asked } = new URL(c.req.url);
    if (open && !isLoopback(hostname)) return c.text("Only reachable as localhost", 403);
    const origin = c.req.header("origin");
    if (origin !== undefined && c.req.method !== "GET" && !isSameHost(origin, asked)) {
      return c.text("Requests from other sites are refused", 403);
    }
    if (!open && keys.verify(c.req.header("x-api-key") ?? basicPassword(c.req.header("authorization"))) === undefined) {
      return c.text("An API key is needed (as the password)", 401, { "www-authenticate": 'Basic realm="emulator"' });
    }
    return await next();
  };
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function basicPassword(authorization: string | undefined): string | undefined {
  if (!authorization?.startsWith("Basic ")) return undefined;
  return Buffer.from(authorization.slice("Basic ".length), "base64").toString().split(":").slice(1).join(":");
}
