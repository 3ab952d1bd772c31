import type { Hono } from "hono";
import type { z } from "zod";
import { OPERATIONS, type Operation, type OperationName } from "../api/operations.ts";
import type { Signature } from "../api/signature.ts";
import { RequestError } from "../errors.ts";
import type { Access } from "./access.ts";
import { parseBody, parseQuery, parseWait } from "./body.ts";
import type { HttpEnv, Request } from "./middleware.ts";

type Of<Name extends OperationName, Field extends string> =
  (typeof OPERATIONS)[Name] extends Record<Field, infer Value> ? Value : undefined;
type Checked<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request as its operation says: let in, and checked. What the operation does not have is undefined. */
export interface Incoming<Name extends OperationName> {
  c: Request;
  body: Checked<Of<Name, "body">>;
  query: Checked<Of<Name, "query">>;
  signature: Of<Name, "access"> extends "signed" | "signedV2" ? Signature : undefined;
  /** How long the answer may wait, in milliseconds. */
  waitMs: Of<Name, "wait"> extends undefined ? undefined : number;
}

/** What answers each operation. */
export type Handlers = { [Name in OperationName]: (incoming: Incoming<Name>) => Response | Promise<Response> };

/**
 * Registers a route for each operation; its handler is called once access, body and query are as the table says. Another method of such
 * a path is answered 405 with those that it has.
 */
export function registerRoutes(app: Hono<HttpEnv>, access: Access, handlers: Handlers): void {
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const operation: Operation = OPERATIONS[name];
    const handle = handlers[name] as (incoming: Awaited<ReturnType<typeof receive>>) => Response | Promise<Response>;
    const path = toRoute(operation.path);
    app[operation.method](path, async (c) => handle(await receive(c, name, operation, access)));
  }
  const all = Object.values<Operation>(OPERATIONS);
  for (const path of new Set(all.map((operation) => operation.path))) {
    refuseOthers(
      app,
      toRoute(path),
      all.filter((operation) => operation.path === path).map(({ method }) => method),
    );
  }
}

function toRoute(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

/** Answers every method of a path that is not one of these with 405. Registered after what answers those. */
export function refuseOthers(app: Hono<HttpEnv>, path: string, methods: readonly Operation["method"][]): void {
  const allowed = methods.flatMap((method) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]));
  app.all(path, (c) => {
    c.header("allow", allowed.join(", "));
    throw new RequestError("method_not_allowed");
  });
}

async function receive(c: Request, name: OperationName, operation: Operation, access: Access) {
  const { body, parts, query, wait } = operation;
  if (operation.access === "reader") await access.requireReader(c);
  const signed = operation.access.startsWith("signed") ? await access.receive(c, parts) : undefined;
  const parsed = body && signed && parseBody(body, signed.read);
  if (operation.access === "signedV2" && signed?.signature.form !== "v2") {
    throw new RequestError("signature_v2_required", `A ${name} needs a v2 signature`);
  }
  return {
    c,
    body: parsed,
    query: query && parseQuery(query, c.req.query()),
    signature: signed?.signature,
    waitMs: wait && parseWait(c.req.header("prefer"), wait.default, wait.most) * 1000,
  };
}
