import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import type { RunView } from "../../automation/api/views.ts";
import { type RunnerAddress, requestRunner } from "../client.ts";
import { progressFor } from "../print/progress.ts";
import { wrongUse } from "../problem.ts";
import { acceptedAnswer, goesOn, isPassing, readAnswer, readRun } from "./ask.ts";
import { watchRun } from "./follow/watch.ts";
import { presentWatched, type RunPresentation, wordGate } from "./present.ts";

/** Options of every command that asks the runner for a run. */
export interface RunOptions {
  wait?: boolean;
  /** Seconds, as typed. */
  timeout: string;
  json?: boolean;
}

/** Waits between tries to reach a runner that is starting or away, in milliseconds. */
const RETRIES = [500, 1_000, 2_000];

/**
 * Asks the runner for a run and, with `wait`, follows it to its end. A request that may have got lost is sent again:
 * the runner joins what it has already. Returns the exit code. Throws CliError.
 */
export async function requestRun(
  runner: RunnerAddress,
  path: string,
  body: Record<string, unknown> & { env: string },
  options: RunOptions,
  presentation: RunPresentation,
): Promise<number> {
  const timeoutSeconds = parseTimeout(options.timeout);
  const accepted = await acceptRun(runner, path, body);
  const { env } = body;
  const { gate } = accepted;
  if (goesOn(accepted) && !options.wait) {
    return presentWatched({ goesOn: { id: accepted.run, env, ...(gate ? { gate } : {}) } }, presentation);
  }
  const live = progressFor(options);
  if (accepted.duplicate) live.note(`${env}: the same was asked before; this is run ${accepted.run}`);
  if (gate) live.note(`${env}: accepted, and waits: ${wordGate(gate)}`);
  const run = goesOn(accepted)
    ? await watchRun(runner, accepted.run, { env, timeoutSeconds, live })
    : await readRun(runner, accepted.run);
  if (!run)
    return presentWatched(
      { goesOn: { id: accepted.run, env, ...(await stillHeld(runner, accepted.run)) } },
      presentation,
    );
  const { superseded_by: by, message = "", hint = "" } = accepted;
  return presentWatched({ run, ...(by === undefined ? {} : { superseded: { by, message, hint } }) }, presentation);
}

/** What still holds a run back; nothing when nothing does, or the runner does not say. */
async function stillHeld(runner: RunnerAddress, id: string): Promise<Pick<RunView, "gate">> {
  const { gate } = await readRun(runner, id).catch(() => ({ gate: undefined }));
  return gate ? { gate } : {};
}

/** Sends a request for a run; one that may have got lost is sent again. Throws CliError. */
export async function acceptRun(
  runner: RunnerAddress,
  path: string,
  body: unknown,
): Promise<z.output<typeof acceptedAnswer>> {
  for (const pause of [...RETRIES, undefined]) {
    try {
      return readAnswer(acceptedAnswer, await requestRunner(runner, "POST", path, { body, waitSeconds: 0 }));
    } catch (error) {
      if (!isPassing(error) || pause === undefined) throw error;
      await sleep(pause);
    }
  }
  throw new Error("unreachable");
}

/** Seconds out of `--timeout`. Throws CliError (exit code 2). */
export function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw wrongUse(`--timeout ${text} is no number of seconds`, "Write e.g. --timeout 600; at most 86400");
}
