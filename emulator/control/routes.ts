import { Hono } from "hono";
import { z } from "zod";
import type { Control } from "./control.ts";

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
    const downMs = Number(c.req.query("downMs") ?? 10);
    if (!(downMs >= 0)) return c.json({ error: "downMs is a number of milliseconds" }, 400);
    // After the answer: the restart breaks all connections.
    setTimeout(() => control.restart(downMs), 10);
    return c.json({ restarting: true });
  });
  app.post("/reset", async (c) => {
    await control.reset();
    return c.json({ reset: true });
  });
  return app;
}
