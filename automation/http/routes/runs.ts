import { type Canceling, cancelRun } from "../../accept/runs.ts";
import { toRunView } from "../../answer/report.ts";
import type { Changes } from "../../answer/waiting.ts";
import { eventId, runId } from "../../api/requests.ts";
import type { Worker } from "../../claim/worker.ts";
import { isFinal, type Run } from "../../domain/run.ts";
import { RequestError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { RunEvent } from "../../store/store.ts";
import { streamEvents } from "../event-stream.ts";
import type { Handlers } from "../register.ts";
import type { Streams } from "../streams.ts";

/** Events sent at once. */
const PAGE = 200;
/** How often a stream looks without being told, in milliseconds: another runner may run it. */
const LOOK = 1_000;

/** `GET /runs`, `GET /runs/:id`, `GET /runs/:id/events`, `POST /runs/:id/cancel`. */
export function runHandlers(
  on: Canceling & { log: Pick<Log, "info"> },
  parts: { changes: Changes; worker: Pick<Worker, "cancel">; streams: Streams; stopping: AbortSignal },
): Pick<Handlers, "runs" | "run" | "events" | "cancel"> {
  const { store, log } = on;
  const { changes, worker, streams, stopping } = parts;
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

  const followRun: Handlers["events"] = async ({ c }) => {
    const { id } = await findRun(c.req.param("id"));
    const from = eventId.safeParse(c.req.header("last-event-id") ?? "0");
    if (!from.success) throw new RequestError("query_invalid", "Last-Event-ID must be a number");
    let seq = from.data;
    const read = async () => {
      const run = await store.run(id);
      const events = await store.events(id, seq, PAGE);
      seq = events.at(-1)?.seq ?? seq;
      const more = events.length === PAGE;
      return { events: events.map(toStreamEvent), more, over: !run || isFinal(run.state) };
    };
    return streamEvents(c, { read, next: (signal) => changes.next(id, LOOK, signal) }, { streams, stopping });
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
    events: followRun,
    cancel,
  };
}

function toStreamEvent({ seq, at, type, data }: RunEvent) {
  return { id: String(seq), event: type, data: { at: new Date(at).toISOString(), data } };
}
