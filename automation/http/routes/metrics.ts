import type { Context } from "hono";
import type { Runner } from "../../runner.ts";
import { refreshGauges } from "../../watch/watch-metrics.ts";

/** All metrics as of now, in Prometheus' text format. */
export async function answerMetrics(runner: Runner, c: Context): Promise<Response> {
  await refreshGauges(runner);
  const { registry } = runner.metrics;
  return c.body(await registry.metrics(), 200, { "content-type": registry.contentType });
}
