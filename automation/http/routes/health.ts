import type { Hono } from "hono";
import type { Runner } from "../../runner.ts";
import type { Health } from "../../watch/health.ts";
import type { DoorEnv } from "../middleware.ts";

/** `GET /health` and `GET /health/live`: open, names and states only. */
export function healthRoutes(
  app: Hono<DoorEnv>,
  { now }: Runner,
  parts: { health: Health; version: string; startedAt: number },
): void {
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
}
