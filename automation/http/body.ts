import type { Readable } from "node:stream";
import type { z } from "zod";
import { RequestError } from "../errors.ts";

/** Largest body that is read, in bytes. */
const BODY_LIMIT = 1024 * 1024;

/** How long a body may take to arrive, in milliseconds. */
const BODY_TIMEOUT = 10_000;

interface BodyOptions {
  /** Bytes. */
  limit?: number;
  /** Milliseconds. */
  timeoutMs?: number;
  /**
   * The request as Node received it. A web stream made of it knows no bound: it takes in the whole body, however slowly that is
   * read (https://github.com/nodejs/node/issues/46347).
   */
  incoming?: Readable | undefined;
}

/** The raw bytes of a request's body, because the signature is over those. Throws RequestError as `streamBody` does. */
export async function readBody(request: Request, options: BodyOptions = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await streamBody(request, (chunk) => chunks.push(chunk), options);
  return Buffer.concat(chunks);
}

/**
 * Hands on the raw bytes of a request's body as they come. Throws RequestError `body_too_large` (before reading when
 * Content-Length says so) and `body_timeout`.
 */
export async function streamBody(
  request: Request,
  onChunk: (chunk: Uint8Array) => void,
  { limit = BODY_LIMIT, timeoutMs = BODY_TIMEOUT, incoming }: BodyOptions = {},
): Promise<void> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
  let size = 0;
  const take = (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    onChunk(chunk);
  };
  if (incoming) return readIncoming(incoming, take, timeoutMs);
  if (!request.body) return;
  const reader = request.body.getReader();
  // Ended from outside, and not raced: a race with one promise for all parts would hold every part until it is over.
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw tooLate(timeoutMs);
      if (done) return;
      take(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw late ? tooLate(timeoutMs) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** What is left of a body that is refused Node takes away after the answer. */
function readIncoming(incoming: Readable, take: (chunk: Uint8Array) => void, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      clearTimeout(timer);
      incoming.off("data", onData).off("end", onEnd).off("close", onGone);
      if (error === undefined) return resolve();
      incoming.pause();
      reject(error);
    };
    const onData = (chunk: Uint8Array) => {
      try {
        take(chunk);
      } catch (error) {
        end(error);
      }
    };
    const onEnd = () => end();
    const onGone = () => end(tooLate(timeoutMs));
    const timer = setTimeout(onGone, timeoutMs);
    incoming.on("error", onGone).on("close", onGone).on("end", onEnd).on("data", onData);
  });
}

function tooLate(timeoutMs: number): RequestError {
  return new RequestError("body_timeout", undefined, {
    hint: `Send the whole body within ${timeoutMs / 1000} seconds`,
  });
}

function tooLarge(limit: number): RequestError {
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
