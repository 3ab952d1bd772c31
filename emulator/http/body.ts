import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import { HEADERS } from "./headers.ts";

/** Next.js' default for API routes. */
const LIMIT = 1024 * 1024;

export type Body = { ok: true; value: unknown } | { ok: false; answer: Response };

/**
 * Reads a JSON body as Next.js does, which happens before anybody looks at the key: too large is 413 and malformed 400,
 * both in plain text, without a content type. A body that is not declared as JSON is not parsed.
 */
export async function readRestBody(c: Context): Promise<Body> {
  const declared = Number(c.req.header("content-length") ?? 0);
  if (declared > LIMIT) return { ok: false, answer: plainAnswer(c, 413, "Body exceeded 1mb limit") };
  const text = await c.req.text();
  if (Buffer.byteLength(text) > LIMIT) return { ok: false, answer: plainAnswer(c, 413, "Body exceeded 1mb limit") };
  if (!isJson(c) || text === "") return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, answer: plainAnswer(c, 400, "Invalid JSON") };
  }
}

/** As Next.js says it: the text is the status line's too, and there is no content type, which Hono would always add. */
function plainAnswer(c: Context, status: number, text: string): Response {
  const { outgoing } = c.env as HttpBindings;
  outgoing.writeHead(status, text, HEADERS);
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}

export function isJson(c: Context): boolean {
  return c.req.header("content-type")?.startsWith("application/json") ?? false;
}
