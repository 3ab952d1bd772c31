import type { Hono } from "hono";
import { describeStacks } from "../../answer/stacks.ts";
import type { Runner } from "../../runner.ts";
import type { Door, DoorEnv } from "../middleware.ts";

/** `GET /stacks`: what each environment runs. */
export function stackRoutes(app: Hono<DoorEnv>, runner: Runner, { door }: { door: Door }): void {
  app.get("/stacks", async (c) => {
    await door.requireReader(c);
    return c.json({ stacks: await describeStacks(runner) });
  });
}
