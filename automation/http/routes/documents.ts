import type { Context, Hono } from "hono";
import { createOpenApi } from "../../api/openapi.ts";
import type { Runner } from "../../runner.ts";
import { refreshGauges } from "../../watch/watch-metrics.ts";
import type { Door, DoorEnv } from "../middleware.ts";

/** `GET /openapi.json` and `GET /metrics`. */
export function documentRoutes(
  app: Hono<DoorEnv>,
  runner: Runner,
  { door, version }: { door: Door; version: string },
): void {
  const document = createOpenApi(version);
  app.get("/openapi.json", (c) => c.json(document));
  app.get("/metrics", async (c) => {
    await door.requireReader(c);
    return answerMetrics(runner, c);
  });
}

/** All metrics as of now, in Prometheus' text format. */
export async function answerMetrics(runner: Runner, c: Context): Promise<Response> {
  await refreshGauges(runner);
  const { registry } = runner.metrics;
  return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
}
