import { getConnInfo } from "@hono/node-server/conninfo";
import { type Context, Hono } from "hono";
import { webhookSecrets } from "./config.ts";
import type { Health } from "./health.ts";
import { parseBody, parseQuery, readBody, requireJson } from "./http/body.ts";
import { RequestError, toErrorBody } from "./http/errors.ts";
import { deployBody, runId, runsQuery } from "./http/schemas.ts";
import { toRunView } from "./report.ts";
import type { Runner } from "./runner.ts";
import { acceptDeploy, answerDeploy, parseWait, toRequestId } from "./runs.ts";
import { isOneOf, requireSignature, type Signature } from "./signature.ts";
import type { Changes } from "./waiting.ts";
import type { Worker } from "./worker.ts";

/** What the server needs beside the runner's own parts. */
export interface ServerParts {
  health: Health;
  changes: Changes;
  worker: Pick<Worker, "wake" | "cancel">;
  version: string;
  startedAt: number;
}

type Env = { Variables: { requestId: string } };

/** The runner's HTTP interface. */
export function createServer(runner: Runner, parts: ServerParts): Hono<Env> {
  const { store, log, config, variables, now } = runner;
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    c.set("requestId", toRequestId(c.req.header("x-request-id")));
    c.header("x-request-id", c.get("requestId"));
    c.header("cache-control", "no-store");
    const began = now();
    await next();
    const { method, path } = c.req;
    const fields = { requestId: c.get("requestId"), method, path, status: c.res.status, ms: now() - began };
    log[c.res.status >= 500 ? "warn" : "debug"](fields, "request answered");
  });
  app.onError((error, c) => {
    const known = toRequestError(error);
    if (known.code === "internal") log.error({ err: error, requestId: c.get("requestId") }, "request failed");
    return c.json(toErrorBody(known, c.get("requestId")), known.status);
  });
  app.notFound((c) => {
    const error = new RequestError("not_found");
    return c.json(toErrorBody(error, c.get("requestId")), error.status);
  });

  const policy = {
    secrets: () => webhookSecrets(variables),
    requireV2: config.requireV2,
    remember: store.remember.bind(store),
    now,
  };
  const signed = async (c: Context<Env>, body: Uint8Array): Promise<Signature> => {
    const { pathname, search } = new URL(c.req.url);
    const headers = c.req.raw.headers;
    try {
      return await requireSignature({ method: c.req.method, path: pathname + search, headers, body }, policy);
    } catch (error) {
      if (error instanceof RequestError) {
        const { address } = getConnInfo(c).remote;
        log.warn({ requestId: c.get("requestId"), code: error.code, address }, "signature failed");
      }
      throw error;
    }
  };
  /** Raw body of a signed JSON request. */
  const receive = async (c: Context<Env>) => {
    const raw = await readBody(c.req.raw);
    requireJson(c.req.raw);
    return { raw, signature: await signed(c, raw) };
  };
  /** Reading takes the token or a signature. */
  const requireReader = async (c: Context<Env>) => {
    const bearer = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    if (bearer === undefined) return void (await signed(c, await readBody(c.req.raw)));
    const token = variables.get("API_TOKEN");
    if (!token || !isOneOf(bearer, [token])) throw new RequestError("token_invalid");
  };

  app.get("/health", (c) => {
    const checks = parts.health.checks();
    const isHealthy = !Object.values(checks).includes("broken");
    const uptime = Math.round((now() - parts.startedAt) / 1000);
    const status = isHealthy ? "healthy" : "degraded";
    return c.json({ status, version: parts.version, uptime, checks }, isHealthy ? 200 : 503);
  });
  app.get("/health/live", async (c) => {
    const isLive = await parts.health.isLive();
    return c.json({ status: isLive ? "healthy" : "degraded" }, isLive ? 200 : 503);
  });

  app.post("/deploy", async (c) => {
    const { raw, signature } = await receive(c);
    const body = parseBody(deployBody, raw);
    const requestId = c.get("requestId");
    const acceptance = await acceptDeploy(runner, body, { requestId, signature });
    const { run } = acceptance;
    log.info({ requestId, run: run.id, stack: run.stack, tag: run.tag, state: run.state }, "deploy accepted");
    parts.worker.wake();
    const waitMs = parseWait(c.req.header("prefer"), 60, 900) * 1000;
    const options = { asked: body.services ?? null, waitMs, signal: c.req.raw.signal };
    const answer = await answerDeploy(runner, parts.changes, acceptance, options);
    return c.json(answer.body, answer.status);
  });

  app.get("/runs", async (c) => {
    await requireReader(c);
    const { env, state, kind, limit, before } = parseQuery(runsQuery, c.req.query());
    const last = before === undefined ? undefined : await findRun(before);
    const runs = await store.runs({
      limit,
      ...(env ? { stack: env } : {}),
      ...(state ? { states: [state] } : {}),
      ...(kind ? { kinds: [kind] } : {}),
      ...(last ? { before: { createdAt: last.createdAt, id: last.id } } : {}),
    });
    return c.json({ runs: runs.map(toRunView), next: runs.length < limit ? null : (runs.at(-1)?.id ?? null) });
  });
  app.get("/runs/:id", async (c) => {
    await requireReader(c);
    return c.json(toRunView(await findRun(c.req.param("id"))));
  });
  const findRun = async (id: string) => {
    const run = runId.safeParse(id).success ? await store.run(id) : undefined;
    if (!run) throw new RequestError("run_not_found");
    return run;
  };

  return app;
}

/** Errors that were not meant for the caller say nothing of themselves. */
function toRequestError(error: Error): RequestError {
  if (error instanceof RequestError) return error;
  return new RequestError("internal", undefined, { cause: error });
}
