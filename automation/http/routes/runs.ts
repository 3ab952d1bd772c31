import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type Canceling, cancelRun } from "../../accept/runs.ts";
import { toRunView } from "../../answer/report.ts";
import type { Changes } from "../../answer/waiting.ts";
import { eventId, runId } from "../../api/schemas.ts";
import type { Worker } from "../../claim/worker.ts";
import { isFinal, type Run } from "../../domain/run.ts";
import { RequestError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Handlers } from "../register.ts";
import { createStreams } from "../streams.ts";

/** Events sent at once. */
const PAGE = 200;
/** How often a stream says that it is alive, and how often it looks without being told: another runner may run it. */
const ALIVE = 15_000;
const LOOK = 1_000;

/** `GET /runs`, `GET /runs/:id`, `GET /runs/:id/events`, `POST /runs/:id/cancel`. */
export function runHandlers(
  on: Canceling & { log: Pick<Log, "info"> },
  { changes, worker, stopping }: { changes: Changes; worker: Pick<Worker, "cancel">; stopping: AbortSignal },
): Pick<Handlers, "runs" | "run" | "events" | "cancel"> {
  const { store, log } = on;
  const streams = createStreams();
  const findRun = async (id: string | undefined): Promise<Run> => {
    const run = id !== undefined && runId.safeParse(id).success ? await store.run(id) : undefined;
    if (!run) throw new RequestError("run_not_found");
    return run;
  };

  const listRuns: Handlers["runs"] = async ({ c, query }) => {
    const { env, state, kind, limit, before } = query;
    const last = before === undefined ? undefined : await findRun(before);
    const runs = await store.runs({
      limit,
      ...(env ? { stack: env } : {}),
      ...(state ? { states: [state] } : {}),
      ...(kind ? { kinds: [kind] } : {}),
      ...(last ? { before: { createdAt: last.createdAt, id: last.id } } : {}),
    });
    return c.json({ runs: runs.map(toRunView), next: runs.length < limit ? null : (runs.at(-1)?.id ?? null) });
  };

  const streamEvents: Handlers["events"] = async ({ c }) => {
    const { id } = await findRun(c.req.param("id"));
    const from = eventId.safeParse(c.req.header("last-event-id") ?? "0");
    if (!from.success) throw new RequestError("query_invalid", "Last-Event-ID must be a number");
    // Nobody would read what is streamed, and nothing would end it.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const close = streams.open(c.get("reader"));
    const follow = async (stream: SSEStreamingApi) => {
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
    };
    return streamSSE(c, (stream) => follow(stream).finally(close));
  };

  const cancel: Handlers["cancel"] = async ({ c, signature }) => {
    const run = await cancelRun(on, (await findRun(c.req.param("id"))).id, signature);
    worker.cancel(run.id);
    log.info({
      event: "run.cancel_requested",
      requestId: c.get("requestId"),
      run: run.id,
      stack: run.stack,
      state: run.state,
    });
    return c.json(toRunView(run), isFinal(run.state) ? 200 : 202);
  };

  return {
    runs: listRuns,
    run: async ({ c }) => c.json(toRunView(await findRun(c.req.param("id")))),
    events: streamEvents,
    cancel,
  };
}
