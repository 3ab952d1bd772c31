import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { cancelRun } from "../../accept/runs.ts";
import { toRunView } from "../../answer/report.ts";
import type { Changes } from "../../answer/waiting.ts";
import { cancelBody, eventId, runId, runsQuery } from "../../api/schemas.ts";
import type { Worker } from "../../claim/worker.ts";
import { isFinal, type Run } from "../../domain/run.ts";
import { RequestError } from "../../errors.ts";
import type { Runner } from "../../runner.ts";
import { parseBody, parseQuery } from "../body.ts";
import type { Door, DoorEnv } from "../middleware.ts";

/** Events sent at once. */
const PAGE = 200;
/** How often a stream says that it is alive, and how often it looks without being told: another runner may run it. */
const ALIVE = 15_000;
const LOOK = 1_000;

/** `GET /runs`, `GET /runs/:id`, `GET /runs/:id/events`, `POST /runs/:id/cancel`. */
export function runRoutes(
  app: Hono<DoorEnv>,
  runner: Runner,
  parts: { door: Door; changes: Changes; worker: Pick<Worker, "cancel">; stopping: AbortSignal },
): void {
  const { door, changes, worker, stopping } = parts;
  const { store, log } = runner;
  const findRun = async (id: string): Promise<Run> => {
    const run = runId.safeParse(id).success ? await store.run(id) : undefined;
    if (!run) throw new RequestError("run_not_found");
    return run;
  };

  app.get("/runs", async (c) => {
    await door.requireReader(c);
    const { env, state, kind, limit, before } = parseQuery(runsQuery, c.req.query());
    const last = before === undefined ? undefined : await findRun(before);
    const runs = await store.runs({
      limit,
      ...(env ? { stack: env } : {}),
      ...(state ? { states: [state] } : {}),
      ...(kind ? { kinds: [kind] } : {}),
      ...(last ? { before: { createdAt: last.createdAt, id: last.id } } : {}),
    });
    return c.json({ runs: runs.map(toRunView), next: runs.length < limit ? null : (runs.at(-1)?.id ?? null) });
  });

  app.get("/runs/:id", async (c) => {
    await door.requireReader(c);
    return c.json(toRunView(await findRun(c.req.param("id"))));
  });

  app.get("/runs/:id/events", async (c) => {
    await door.requireReader(c);
    const { id } = await findRun(c.req.param("id"));
    const from = eventId.safeParse(c.req.header("last-event-id") ?? "0");
    if (!from.success) throw new RequestError("query_invalid", "Last-Event-ID must be a number");
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const over = AbortSignal.any([gone.signal, stopping]);
      let seq = from.data;
      let told = Date.now();
      while (!stream.aborted && !over.aborted) {
        // Asked for before reading, so that nothing that comes in between is missed.
        const changed = changes.next(id, LOOK, over);
        const run = await store.run(id);
        const events = await store.events(id, seq, PAGE);
        for (const event of events) {
          const data = JSON.stringify({ at: new Date(event.at).toISOString(), data: event.data });
          await stream.writeSSE({ id: String(event.seq), event: event.type, data });
          seq = event.seq;
          told = Date.now();
        }
        if (events.length === PAGE) continue;
        if (!run || isFinal(run.state)) return gone.abort();
        if (Date.now() - told >= ALIVE) {
          await stream.write(": alive\n\n");
          told = Date.now();
        }
        await changed;
      }
    });
  });

  app.post("/runs/:id/cancel", async (c) => {
    const { raw, signature } = await door.receive(c);
    parseBody(cancelBody, raw);
    if (signature.form !== "v2") throw new RequestError("signature_v2_required", "A cancel needs a v2 signature");
    const run = await cancelRun(runner, (await findRun(c.req.param("id"))).id);
    worker.cancel(run.id);
    log.info({
      event: "run.cancel_requested",
      requestId: c.get("requestId"),
      run: run.id,
      stack: run.stack,
      state: run.state,
    });
    return c.json(toRunView(run), isFinal(run.state) ? 200 : 202);
  });
}
