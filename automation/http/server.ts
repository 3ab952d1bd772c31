import { Hono } from "hono";
import type { HoldingBack } from "../accept/holds.ts";
import type { Canceling } from "../accept/runs.ts";
import type { Pushes } from "../accept/webhook.ts";
import { describeStacks } from "../answer/stacks.ts";
import type { Changes } from "../answer/waiting.ts";
import { createOpenApi } from "../api/openapi.ts";
import type { Worker } from "../claim/worker.ts";
import type { Health } from "../watch/health.ts";
import type { Gauged } from "../watch/watch-metrics.ts";
import { type Checking, createAccess } from "./access.ts";
import { type Around, answerErrors, type HttpEnv, useMiddleware } from "./middleware.ts";
import { refuseOthers, registerRoutes } from "./register.ts";
import { healthHandlers } from "./routes/health.ts";
import { holdHandlers } from "./routes/holds.ts";
import { answerMetrics } from "./routes/metrics.ts";
import { observationHandlers } from "./routes/observations.ts";
import { requestHandlers } from "./routes/requests.ts";
import { runHandlers } from "./routes/runs.ts";
import { webhookHandlers } from "./routes/webhook.ts";
import { createStreams } from "./streams.ts";

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

/** What requests are answered with. */
export type Served = Around & Checking & Pushes & Canceling & Gauged & HoldingBack;

/** The runner's HTTP interface. */
export function createServer(on: Served, parts: ServerParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  useMiddleware(app, on, parts.stopping);
  const document = JSON.stringify(createOpenApi(parts.version));
  const following = { ...parts, streams: createStreams() };
  registerRoutes(app, createAccess(on), {
    ...healthHandlers(on, parts),
    ...requestHandlers(on, parts),
    ...webhookHandlers(on, parts),
    ...holdHandlers(on, parts),
    ...runHandlers(on, following),
    ...observationHandlers(on, following),
    stacks: async ({ c }) => c.json({ stacks: await describeStacks(on) }),
    metrics: ({ c }) => answerMetrics(on, c),
    openapi: ({ c }) => c.body(document, 200, { "content-type": "application/json" }),
  });
  return app;
}

/** What metrics alone are served with. */
export type MetricsServed = Gauged & Pick<Around, "log" | "config">;

/** The metrics without a token, for a port of their own. */
export function createMetricsApp(on: MetricsServed): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  answerErrors(app, on);
  app.get("/metrics", (c) => answerMetrics(on, c));
  refuseOthers(app, "/metrics", ["get"]);
  return app;
}
