import { setTimeout as sleep } from "node:timers/promises";
import type { RunView } from "../../../automation/api/schemas.ts";
import { isFinal } from "../../../automation/domain/run.ts";
import { NoAnswer } from "../../../tools/outgoing/request.mjs";
import { openEventStream, type RunnerAddress } from "../../client.ts";
import { isPassing, readRun } from "../ask.ts";
import { parseRunEvent, type RunEvent } from "./run-event.ts";
import { parseServerSentEvents } from "./server-sent-events.ts";

/** Who wants to know what happens to a run. */
export interface Follower {
  onEvent(event: RunEvent): void;
  /** The run as it was last seen. */
  onRun?(run: RunView): void;
  /** The runner does not answer; it is asked again. */
  onTrouble?(message: string): void;
}

/** Pause between two questions, in milliseconds. */
const PAUSE = 1_000;

/**
 * Follows a run to its end: by its stream of events, opened again where it broke off, or by asking when there is none.
 * A runner that is away is waited for. Undefined when `until` is aborted before the run ends. Throws CliError for what
 * waiting does not fix.
 */
export async function followRun(
  runner: RunnerAddress,
  id: string,
  follower: Follower,
  until: AbortSignal,
): Promise<RunView | undefined> {
  let last: string | undefined;
  while (!until.aborted) {
    try {
      last = await readStream(runner, id, last, follower, until);
      const run = await readRun(runner, id);
      if (isFinal(run.state)) return run;
      follower.onRun?.(run);
    } catch (error) {
      if (until.aborted) break;
      if (!isPassing(error)) throw error;
      follower.onTrouble?.((error as Error).message);
    }
    await sleep(PAUSE, undefined, { signal: until }).catch(() => {});
  }
  return undefined;
}

/** Hands on events until the stream ends or breaks. Returns the id to go on from. */
async function readStream(
  runner: RunnerAddress,
  id: string,
  from: string | undefined,
  follower: Follower,
  signal: AbortSignal,
): Promise<string | undefined> {
  let last = from;
  const options = { signal, ...(from === undefined ? {} : { lastEventId: from }) };
  const stream = await openEventStream(runner, `/runs/${encodeURIComponent(id)}/events`, options);
  if (!stream) return last;
  try {
    for await (const raw of parseServerSentEvents(stream)) {
      last = raw.id ?? last;
      const event = parseRunEvent(raw);
      if (event) follower.onEvent(event);
    }
  } catch (error) {
    // A connection that breaks is opened again at the same place; what a follower throws is not meant here.
    if (signal.aborted || !(error instanceof NoAnswer)) throw error;
  }
  return last;
}
