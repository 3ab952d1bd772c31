import type { Readable } from "node:stream";
import type { z } from "zod";
import { RequestError } from "../errors.ts";

/** Largest body that is read of whoever asks, in bytes. */
export const BODY_LIMIT = 1024 * 1024;

/** How long a body may take to arrive, in milliseconds. */
export const BODY_TIMEOUT = 10_000;

/**
 * How long a body is, in bytes, as Content-Length says. One that comes in chunks has none: how much is held of it, and in how many
 * pieces, would be the sender's to choose. Throws RequestError `length_required` and `body_too_large`.
 */
export function readLength(headers: { get(name: string): string | null }, limit: number): number {
  const text = headers.get("content-length");
  if (text === null || !/^\d{1,15}$/.test(text)) throw new RequestError("length_required");
  const length = Number(text);
  if (length > limit) throw tooLarge(limit);
  return length;
}

/** What a body is read with. */
interface Reading {
  /** Milliseconds. */
  timeoutMs: number;
  /** Aborted with the error that ends the reading. */
  lost: AbortSignal;
}

/**
 * Hands on the raw bytes of a body as they come. Read from Node's own stream: a web stream made of it takes in the whole body, however
 * slowly that is read (https://github.com/nodejs/node/issues/46347). Throws RequestError `body_timeout`, what `lost` is aborted with, and
 * what `onChunk` throws.
 */
export function streamBody(
  incoming: Readable,
  onChunk: (chunk: Uint8Array) => void,
  { timeoutMs, lost }: Reading,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("close", onGone);
      lost.removeEventListener("abort", onLost);
      if (error === undefined) return resolve();
      incoming.pause();
      reject(error);
    };
    const onData = (chunk: Uint8Array) => {
      try {
        onChunk(chunk);
      } catch (error) {
        end(error);
      }
    };
    const onEnd = () => end();
    const onGone = () => end(tooLate(timeoutMs));
    const onLost = () => end(lost.reason);
    const timer = setTimeout(onGone, timeoutMs);
    incoming.on("error", onGone).on("close", onGone).on("end", onEnd).on("data", onData);
    lost.addEventListener("abort", onLost);
    if (lost.aborted) onLost();
    else if (incoming.destroyed) onGone();
  });
}

function tooLate(timeoutMs: number): RequestError {
  return new RequestError("body_timeout", undefined, {
    hint: `Send the whole body within ${timeoutMs / 1000} seconds`,
  });
}

/** The error for a body above `limit`. */
export function tooLarge(limit: number): RequestError {
  return new RequestError("body_too_large", `The body is larger than ${limit / 1024 ** 2} MiB`);
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

/**
 * Parses and checks a JSON body; what `read` throws means that it is none. Throws RequestError `json_invalid`, or `body_invalid` with
 * all problems at once.
 */
export function parseBody<T>(schema: z.ZodType<T>, read: () => string): T {
  let value: unknown;
  try {
    value = JSON.parse(read());
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

/** Seconds to wait, from `Prefer: wait=<s>` (RFC 7240); `fallback` when it says nothing, never more than `most`. */
export function parseWait(prefer: string | undefined, fallback: number, most: number): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? "")?.[1];
  return Math.min(seconds === undefined ? fallback : Number(seconds), most);
}
