import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Dokploy } from "../dokploy.ts";
import { httpStatus, RpcError } from "../rpc/error.ts";
import type { Procedures } from "../rpc/procedure.ts";
import { HEADERS } from "./headers.ts";
import { invoke, type Outcome } from "./invoke.ts";

/** Milliseconds between the two checks of a key with a rate limit. */
const BETWEEN_CHECKS = 25;

/** `/api/<router>.<procedure>`: queries are GET with query parameters, mutations POST with a JSON body. */
export function restRoutes(dokploy: Dokploy, procedures: Procedures): Hono {
  const app = new Hono();
  app.all("/api/:path", async (c) => {
    const body = c.req.method === "POST" ? await readRestBody(c) : ({ ok: true, value: {} } as const);
    if (!body.ok) return body.answer;

    const key = c.req.header("x-api-key");
    if (!dokploy.keys.verify(key)) return refused(c);

    const path = c.req.param("path");
    const procedure = Object.hasOwn(procedures, path) ? procedures[path] : undefined;
    if (procedure === undefined || c.req.method !== (procedure.kind === "query" ? "GET" : "POST")) {
      return failure(c, { ok: false, error: new RpcError("NOT_FOUND", "Not found"), zodError: null });
    }
    if (procedure.kind === "mutation" && !isJson(c)) {
      // The quote that is not closed is Dokploy's.
      const message = `Unsupported content-type "${c.req.header("content-type")}`;
      return failure(c, { ok: false, error: new RpcError("UNSUPPORTED_MEDIA_TYPE", message), zodError: null }, path);
    }
    // The page's route and tRPC's context verify the key one after the other: every request uses it up twice, and a limit may fall
    // between the two. Each check asks the database; requests at once are all at the first before one is at the second.
    const limited = dokploy.keys.hasRateLimit(key);
    if (limited) await sleep(BETWEEN_CHECKS);
    const user = dokploy.keys.verify(key);
    // A key whose number of uses ends there is refused as one that never was (recorded, §38).
    if (!user) return limited ? failure(c, unauthorized(), path) : refused(c);

    const sent = procedure.kind === "query" ? c.req.query() : body.value;
    const input = procedure.input === undefined ? undefined : coerce(procedure.input, sent);
    const outcome = await invoke(procedure, input, { dokploy, user });
    return outcome.ok ? success(c, outcome.value) : failure(c, outcome, path);
  });
  return app;
}

function refused(c: Context): Response {
  return c.json({ message: "Unauthorized" }, 401, { "content-type": "application/json; charset=utf-8" });
}

/** What tRPC says by itself of a call without a user. */
function unauthorized(): Outcome & { ok: false } {
  return { ok: false, error: new RpcError("UNAUTHORIZED", "UNAUTHORIZED"), zodError: null };
}

function success(c: Context, value: unknown): Response {
  if (value === undefined) return c.body("", 200, { "content-type": "application/json" });
  return c.json(value);
}

function failure(c: Context, outcome: Outcome & { ok: false }, path?: string): Response {
  const { error, issues, zodError } = outcome;
  const status = httpStatus(error.code);
  const data = { code: error.code, httpStatus: status, path, zodError };
  if (issues === undefined) return c.json({ message: error.message, code: error.code, data }, status);
  return c.json({ message: "Input validation failed", code: error.code, data, issues }, status);
}

/** Next.js' default for API routes. */
const LIMIT = 1024 * 1024;

type Body = { ok: true; value: unknown } | { ok: false; answer: Response };

/**
 * Reads a JSON body as Next.js does, which happens before anybody looks at the key: too large is 413 and malformed 400,
 * both in plain text, without a content type. A body that is not declared as JSON is not parsed.
 */
async function readRestBody(c: Context): Promise<Body> {
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

function isJson(c: Context): boolean {
  return c.req.header("content-type")?.startsWith("application/json") ?? false;
}

/**
 * What Dokploy's REST adapter does to input before it is checked (`coerceSchema` of `@dokploy/trpc-openapi`): a missing
 * required boolean becomes false, the string "false" becomes true, "12" becomes 12. Strings and enums are left alone.
 */
export function coerce(schema: z.ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return value === undefined ? value : coerce(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodNullable) return value === null ? value : coerce(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodNonOptional) return coerce(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodBoolean) return Boolean(value);
  if (schema instanceof z.ZodNumber) return Number(value);
  if (schema instanceof z.ZodObject && isRecord(value)) {
    const coerced = Object.entries(schema.shape).map(([key, field]) => [key, coerce(field as z.ZodType, value[key])]);
    return { ...value, ...Object.fromEntries(coerced.filter(([, field]) => field !== undefined)) };
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
