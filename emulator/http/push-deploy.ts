import { Hono } from "hono";
import type { Dokploy } from "../dokploy.ts";

/** The deploy hook of a raw service: no key, the token in the path is enough. "Deployed" means queued. */
export function pushDeployRoutes({ db, queue }: Dokploy): Hono {
  const app = new Hono();
  app.on(["GET", "POST"], "/api/deploy/compose/:token", (c) => {
    const compose = db.composes.all().find(({ refreshToken }) => refreshToken === c.req.param("token"));
    if (compose === undefined) return c.json({ message: "Compose Not Found" }, 404);
    if (!compose.autoDeploy) {
      return c.json({ message: "Automatic deployments are disabled for this compose" }, 400);
    }
    queue.add({ composeId: compose.composeId, title: "NEW CHANGES", description: "Hash: ", type: "deploy" });
    return c.json({ message: "Compose deployed successfully" });
  });
  return app;
}
