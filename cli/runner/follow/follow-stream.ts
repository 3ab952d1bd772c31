import { setTimeout as sleep } from "node:timers/promises";
import { NoAnswer } from "../../../tools/outgoing/request.mjs";
import { isPassing } from "../ask.ts";
import { parseServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";

/** Opens a stream of the runner's after an id; undefined when it does not stream that. Throws CliError. */
export type OpenStream = (lastEventId: string | undefined) => Promise<ReadableStream<Uint8Array> | undefined>;

/** Pause between two questions, in milliseconds. */
export const PAUSE = 1_000;

/** Hands on events until the stream ends or breaks. Returns the id to go on from. */
export async function readStream(
  open: OpenStream,
  from: string | undefined,
  onEvent: (event: ServerSentEvent) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  let last = from;
  const stream = await open(from);
  if (!stream) return last;
  try {
    for await (const event of parseServerSentEvents(stream)) {
      last = event.id ?? last;
      onEvent(event);
    }
  } catch (error) {
    // A connection that breaks is opened again at the same place; what is thrown for an event is not meant here.
    if (signal.aborted || !(error instanceof NoAnswer)) throw error;
  }
  return last;
}

/** Follows a stream that has no end, opened again where it broke off, until `until` is aborted. Throws CliError for what waiting does not fix. */
export async function followStream(
  open: OpenStream,
  onEvent: (event: ServerSentEvent) => void,
  until: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  while (!until.aborted) {
    try {
      last = await readStream(open, last, onEvent, until);
    } catch (error) {
      if (until.aborted) return;
      if (!isPassing(error)) throw error;
    }
    await sleep(PAUSE, undefined, { signal: until }).catch(() => {});
  }
}
