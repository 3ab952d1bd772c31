import { Hono } from "hono";
import { z } from "zod";
import type { Control } from "./control.ts";

const milliseconds = z.coerce.number().min(0).optional();
const restartQuery = z.strictObject({
  downMs: milliseconds,
  silentMs: milliseconds,
  waiting: z.enum(["lost", "queued"]).optional(),
});

/** The emulator's own endpoint: faults, counters, restart and reset. It is no part of Dokploy. */
export function controlRoutes(control: Control): Hono {
  const app = new Hono().basePath("/_emulator");
  app.get("/faults", (c) => c.json(control.faults()));
  app.post("/faults", async (c) => {
    try {
      const sent: unknown = await c.req.json();
      for (const fault of Array.isArray(sent) ? sent : [sent]) control.addFault(fault);
      return c.json(control.faults());
    } catch (cause) {
      const message =
        cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : "";
      return c.json({ error: `Not a fault: ${message}` }, 400);
    }
  });
  app.delete("/faults", (c) => {
    control.clearFaults();
    return c.json([]);
  });
  app.get("/stats", (c) => c.json(control.statistics()));
  app.delete("/stats", (c) => {
    control.resetStatistics();
    return c.json(control.statistics());
  });
  app.post("/restart", (c) => {
    const how = restartQuery.safeParse(c.req.query());
    if (!how.success) return c.json({ error: `Not a restart: ${z.prettifyError(how.error)}` }, 400);
    // After the answer: the restart breaks all connections.
    setTimeout(() => control.restart(how.data), 10);
    return c.json({ restarting: true });
  });
  app.post("/reset", async (c) => {
    await control.reset();
    return c.json({ reset: true });
  });
  return app;
}
