import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Request } from "./middleware.ts";
import type { Streams } from "./streams.ts";

/** How often a stream says that it is alive, in milliseconds. */
const ALIVE = 15_000;

/** One event of a stream, see https://html.spec.whatwg.org/multipage/server-sent-events.html. */
export interface StreamEvent {
  /** What to go on after. */
  id: string;
  event: string;
  data: object;
}

/** What is streamed. */
export interface Source {
  /** What comes next. `more`: there is more than that by now; `over`: nothing will come after it. */
  read(): Promise<{ events: StreamEvent[]; more?: boolean; over?: boolean }>;
  /** Resolves when it is worth reading again. Called before reading, so that nothing that comes in between is missed. */
  next(signal: AbortSignal): Promise<void>;
}

/** Answers with a stream of events, until the source is over, nobody listens, or the runner stops. Throws `too_many_streams`. */
export function streamEvents(
  c: Request,
  source: Source,
  { streams, stopping }: { streams: Streams; stopping: AbortSignal },
): Response {
  // Nobody would read what is streamed, and nothing would end it.
  if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
  const close = streams.open(c.get("reader"));
  const follow = async (stream: SSEStreamingApi) => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const over = AbortSignal.any([gone.signal, stopping]);
    let told = Date.now();
    while (!stream.aborted && !over.aborted) {
      const changed = source.next(over);
      const page = await source.read();
      for (const { id, event, data } of page.events) {
        await stream.writeSSE({ id, event, data: JSON.stringify(data) });
        told = Date.now();
      }
      if (page.more) continue;
      if (page.over) return gone.abort();
      if (Date.now() - told >= ALIVE) {
        await stream.write(": alive\n\n");
        told = Date.now();
      }
      await changed;
    }
  };
  return streamSSE(c, (stream) => follow(stream).finally(close));
}
