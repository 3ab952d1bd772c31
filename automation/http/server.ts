import { Hono } from "hono";
import type { Changes } from "../answer/waiting.ts";
import type { Worker } from "../claim/worker.ts";
import type { Runner } from "../runner.ts";
import type { Health } from "../watch/health.ts";
import { type DoorEnv, openDoor } from "./middleware.ts";
import { documentRoutes } from "./routes/documents.ts";
import { healthRoutes } from "./routes/health.ts";
import { requestRoutes } from "./routes/requests.ts";
import { runRoutes } from "./routes/runs.ts";
import { stackRoutes } from "./routes/stacks.ts";
import { webhookRoutes } from "./routes/webhook.ts";

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
export function createServer(runner: Runner, parts: ServerParts): Hono<DoorEnv> {
  const app = new Hono<DoorEnv>();
  const door = openDoor(app, runner, parts.stopping);
  healthRoutes(app, runner, parts);
  requestRoutes(app, runner, { door, ...parts });
  webhookRoutes(app, runner, { door, ...parts });
  runRoutes(app, runner, { door, ...parts });
  stackRoutes(app, runner, { door });
  documentRoutes(app, runner, { door, ...parts });
  return app;
}
