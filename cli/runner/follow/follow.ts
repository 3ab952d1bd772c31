import { setTimeout as sleep } from "node:timers/promises";
import type { RunView } from "../../../automation/api/views.ts";
import { isFinal } from "../../../automation/domain/run.ts";
import { openEventStream, type RunnerAddress } from "../../client.ts";
import { isPassing, readRun } from "../ask.ts";
import { type OpenStream, PAUSE, readStream } from "./follow-stream.ts";
import { parseRunEvent, type RunEvent } from "./run-event.ts";
import type { ServerSentEvent } from "./server-sent-events.ts";

/** Who wants to know what happens to a run. */
export interface Follower {
  onEvent(event: RunEvent): void;
  /** The run as it was last seen. */
  onRun?(run: RunView): void;
  /** The runner does not answer; it is asked again. */
  onTrouble?(message: string): void;
}

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
  const tell = (raw: ServerSentEvent) => {
    const event = parseRunEvent(raw);
    if (event) follower.onEvent(event);
  };
  while (!until.aborted) {
    try {
      last = await readStream(openEvents(runner, id, until), last, tell, until);
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

/** Opens the stream of a run's events. */
function openEvents(runner: RunnerAddress, id: string, signal: AbortSignal): OpenStream {
  return (from) => {
    const options = { signal, ...(from === undefined ? {} : { lastEventId: from }) };
    return openEventStream(runner, `/runs/${encodeURIComponent(id)}/events`, options);
  };
}
