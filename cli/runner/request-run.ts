import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { type RunnerAddress, requestRunner } from "../client.ts";
import { progressFor } from "../print/progress.ts";
import { wrongUse } from "../problem.ts";
import { acceptedAnswer, isPassing, readAnswer, readRun } from "./ask.ts";
import { watchRun } from "./follow/watch.ts";
import { presentWatched, type RunPresentation } from "./present.ts";

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
  if (accepted.status === "in_progress" && !options.wait) {
    return presentWatched({ goesOn: { id: accepted.run, env } }, presentation);
  }
  const live = progressFor(options);
  if (accepted.duplicate) live.note(`${env}: the same was asked before; this is run ${accepted.run}`);
  const run =
    accepted.status === "in_progress"
      ? await watchRun(runner, accepted.run, { env, timeoutSeconds, live })
      : await readRun(runner, accepted.run);
  if (!run) return presentWatched({ goesOn: { id: accepted.run, env } }, presentation);
  const { superseded_by: by, message = "", hint = "" } = accepted;
  return presentWatched({ run, ...(by === undefined ? {} : { superseded: { by, message, hint } }) }, presentation);
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
