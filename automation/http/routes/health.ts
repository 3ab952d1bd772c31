import type { Health } from "../../watch/health.ts";
import type { Handlers } from "../register.ts";

/** `GET /health` and `GET /health/live`: names and states only. */
export function healthHandlers(
  { now }: { now(): number },
  { health, version, startedAt }: { health: Health; version: string; startedAt: number },
): Pick<Handlers, "health" | "live"> {
  return {
    health: ({ c }) => {
      const checks = health.checks();
      const isHealthy = !Object.values(checks).includes("broken");
      const uptime = Math.round((now() - startedAt) / 1000);
      const status = isHealthy ? "healthy" : "degraded";
      return c.json({ status, version, uptime, checks }, isHealthy ? 200 : 503);
    },
    live: async ({ c }) => {
      const isLive = await health.isLive();
      return c.json({ status: isLive ? "healthy" : "degraded" }, isLive ? 200 : 503);
    },
  };
}
