import { Hono } from "hono";
import { describeStacks } from "../answer/stacks.ts";
import type { Changes } from "../answer/waiting.ts";
import { createOpenApi } from "../api/openapi.ts";
import type { Worker } from "../claim/worker.ts";
import type { Runner } from "../runner.ts";
import type { Health } from "../watch/health.ts";
import { createAccess } from "./access.ts";
import { type HttpEnv, useMiddleware } from "./middleware.ts";
import { registerRoutes } from "./register.ts";
import { healthHandlers } from "./routes/health.ts";
import { answerMetrics } from "./routes/metrics.ts";
import { requestHandlers } from "./routes/requests.ts";
import { runHandlers } from "./routes/runs.ts";
import { webhookHandlers } from "./routes/webhook.ts";

/** What the server needs beside the runner's own parts. */
export interface ServerParts {
  health: Health;
  changes: Changes;
  worker: Pick<Worker, "wake" | "cancel">;
  version: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Aborted when the runner stops: nothing is taken any more, nobody is kept waiting. */
  stopping: AbortSignal;
}

/** The runner's HTTP interface. */
export function createServer(runner: Runner, parts: ServerParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  useMiddleware(app, runner, parts.stopping);
  const document = createOpenApi(parts.version);
  registerRoutes(app, createAccess(runner), {
    ...healthHandlers(runner, parts),
    ...requestHandlers(runner, parts),
    ...webhookHandlers(runner, parts),
    ...runHandlers(runner, parts),
    stacks: async ({ c }) => c.json({ stacks: await describeStacks(runner) }),
    metrics: ({ c }) => answerMetrics(runner, c),
    openapi: ({ c }) => c.json(document),
  });
  return app;
}
