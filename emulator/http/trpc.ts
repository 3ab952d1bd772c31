import { type Context, Hono } from "hono";
import type { Dokploy } from "../dokploy.ts";
import { httpStatus, RpcError, rpcNumber } from "../rpc/error.ts";
import type { Procedures } from "../rpc/procedure.ts";
import { invoke, type ZodErrorBody } from "./invoke.ts";

/**
 * `/api/trpc/<router>.<procedure>` with superjson's envelope, as the web interface and the official CLI call it.
 * Nothing is coerced here and bodies may be larger than over REST. A query's `input` without `{"json": …}` is read as
 * undefined, which is why every query with a parameter fails for the CLI. Batches are not answered.
 */
export function trpcRoutes(dokploy: Dokploy, procedures: Procedures): Hono {
  const app = new Hono();
  app.all("/api/trpc/:path", async (c) => {
    const path = c.req.param("path");
    const procedure = Object.hasOwn(procedures, path) ? procedures[path] : undefined;
    const fail = (error: RpcError, zodError: ZodErrorBody | null = null) => failure(c, path, error, zodError);
    if (procedure === undefined) return fail(new RpcError("NOT_FOUND", `No procedure found on path "${path}"`));
    if (c.req.method !== (procedure.kind === "query" ? "GET" : "POST")) {
      const message = `Unsupported ${c.req.method}-request to ${procedure.kind} procedure at path "${path}"`;
      return fail(new RpcError("METHOD_NOT_SUPPORTED", message));
    }
    const user = dokploy.keys.verify(c.req.header("x-api-key")) ?? (procedure.open ? dokploy.keys.nobody : undefined);
    if (user === undefined) return fail(new RpcError("UNAUTHORIZED", "UNAUTHORIZED"));

    const envelope = procedure.kind === "query" ? c.req.query("input") : await c.req.text();
    let input: unknown;
    try {
      input = unwrap(envelope);
    } catch (cause) {
      return fail(new RpcError("BAD_REQUEST", cause instanceof Error ? cause.message : "Invalid JSON"));
    }
    const outcome = await invoke(procedure, input, { dokploy, user });
    if (!outcome.ok) return fail(outcome.error, outcome.zodError);
    const json =
      outcome.value === undefined ? { json: null, meta: { values: ["undefined"] } } : { json: outcome.value };
    return c.json({ result: { data: json } });
  });
  return app;
}

function unwrap(envelope: string | undefined): unknown {
  if (envelope === undefined || envelope === "") return undefined;
  const parsed: unknown = JSON.parse(envelope);
  return typeof parsed === "object" && parsed !== null && "json" in parsed ? parsed.json : undefined;
}

function failure(c: Context, path: string, error: RpcError, zodError: ZodErrorBody | null): Response {
  const status = httpStatus(error.code);
  const data = { code: error.code, httpStatus: status, path, zodError };
  return c.json({ error: { json: { message: error.message, code: rpcNumber(error.code), data } } }, status);
}
