import type { Context } from "hono";

/** Next.js' default for API routes. */
const LIMIT = 1024 * 1024;

export type Body = { ok: true; value: unknown } | { ok: false; answer: Response };

/**
 * Reads a JSON body as Next.js does, which happens before anybody looks at the key: too large is 413 and malformed 400,
 * both in plain text. A body that is not declared as JSON is not parsed.
 */
export async function readRestBody(c: Context): Promise<Body> {
  const declared = Number(c.req.header("content-length") ?? 0);
  if (declared > LIMIT) return { ok: false, answer: new Response("Body exceeded 1mb limit", { status: 413 }) };
  const text = await c.req.text();
  if (Buffer.byteLength(text) > LIMIT) {
    return { ok: false, answer: new Response("Body exceeded 1mb limit", { status: 413 }) };
  }
  if (!isJson(c) || text === "") return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, answer: new Response("Invalid JSON", { status: 400 }) };
  }
}

export function isJson(c: Context): boolean {
  return c.req.header("content-type")?.startsWith("application/json") ?? false;
}
