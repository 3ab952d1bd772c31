import { acceptHold, type HoldingBack, liftHold } from "../../accept/holds.ts";
import { toHoldView } from "../../answer/hold-view.ts";
import { runId } from "../../api/requests.ts";
import type { Worker } from "../../claim/worker.ts";
import { RequestError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Handlers } from "../register.ts";

/** `POST /holds`, `GET /holds`, `POST /holds/:id/lift`. */
export function holdHandlers(
  on: HoldingBack & { log: Pick<Log, "info"> },
  { worker }: { worker: Pick<Worker, "wake"> },
): Pick<Handlers, "holds" | "hold" | "lift"> {
  const { store, log, now } = on;
  return {
    holds: async ({ c, query: { env } }) => c.json({ holds: (await store.holds(now(), env)).map(toHoldView) }),
    hold: async ({ c, body, signature }) => {
      const { hold, duplicate, underWay } = await acceptHold(on, body, signature);
      const { id, stack, by, until } = hold;
      const fields = {
        requestId: c.get("requestId"),
        hold: id,
        stack,
        by,
        until: until && new Date(until).toISOString(),
      };
      if (!duplicate) log.info({ event: "hold.made", ...fields });
      return c.json({ ...toHoldView(hold), ...(duplicate ? { duplicate: true } : {}), under_way: underWay });
    },
    lift: async ({ c, body, signature }) => {
      const id = runId.safeParse(c.req.param("id"));
      if (!id.success) throw new RequestError("hold_not_found");
      const ended = await liftHold(on, id.data, body, signature);
      const fields = { requestId: c.get("requestId"), hold: ended.id, stack: ended.stack, by: ended.endedBy };
      log.info({ event: "hold.ended", ...fields });
      worker.wake();
      return c.json(toHoldView(ended));
    },
  };
}
