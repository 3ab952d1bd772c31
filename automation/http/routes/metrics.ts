import type { Context } from "hono";
import { type Gauged, refreshGauges } from "../../watch/watch-metrics.ts";

/** All metrics as of now, in Prometheus' text format. */
export async function answerMetrics(on: Gauged, c: Context): Promise<Response> {
  await refreshGauges(on);
  const { registry } = on.metrics;
  return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
}
