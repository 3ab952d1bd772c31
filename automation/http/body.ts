import type { z } from "zod";
import { RequestError } from "./errors.ts";

/** Largest body that is read, in bytes. */
export const BODY_LIMIT = 1024 * 1024;

/** How long a body may take to arrive, in milliseconds. */
export const BODY_TIMEOUT = 10_000;

/**
 * Reads the raw bytes of a request's body, because the signature is over those. Throws RequestError `body_too_large`
 * (before reading when Content-Length says so) and `body_timeout`.
 */
export async function readBody(
  request: Request,
  { limit = BODY_LIMIT, timeoutMs = BODY_TIMEOUT }: { limit?: number; timeoutMs?: number } = {},
): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw new RequestError("body_too_large");
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  const timer = setTimeout(() => late.reject(new RequestError("body_timeout")), timeoutMs);
  try {
    const chunks: Uint8Array[] = [];
    for (let size = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return Buffer.concat(chunks);
      size += value.byteLength;
      if (size > limit) throw new RequestError("body_too_large");
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Throws RequestError `content_type` unless the request says that its body is JSON. */
export function requireJson(request: Request): void {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new RequestError("content_type");
}

/** All problems of a value as one line: `env: must be …; tag: must be …`. */
function toProblems(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.map(String).join(".")}: ` : "") + issue.message)
    .join("; ");
}

/** Parses and checks a JSON body. Throws RequestError `json_invalid`, or `body_invalid` with all problems at once. */
export function parseBody<T>(schema: z.ZodType<T>, raw: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
  } catch (cause) {
    throw new RequestError("json_invalid", undefined, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RequestError("json_invalid");
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new RequestError("body_invalid", toProblems(parsed.error));
  return parsed.data;
}

/** Checks a query. Throws RequestError `query_invalid` with all problems at once. */
export function parseQuery<T>(schema: z.ZodType<T>, query: Record<string, string>): T {
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw new RequestError("query_invalid", toProblems(parsed.error));
  return parsed.data;
}
