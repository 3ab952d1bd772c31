import { askForFullChecks } from "../accept/ask-full-checks.ts";
import { type CatchingUp, catchUp } from "../accept/catch-up.ts";
import { RequestError } from "../errors.ts";
import type { Log } from "../log.ts";

/** How often missed releases are looked for, and old records dropped, in milliseconds. */
const CATCH_UP = 5 * 60_000;
const PRUNE = 6 * 3_600_000;

/** What the runner does by itself from time to time. */
export interface Housekeeping {
  stop(): Promise<void>;
}

/** What is looked after. */
export interface Housed extends CatchingUp {
  config: CatchingUp["config"] & {
    /** How long events and finished runs are kept, in milliseconds. */
    keepEventsMs: number;
    keepRunsMs: number;
  };
  log: Log;
  /** This runner's. */
  version: string;
}

/** Starts looking for missed releases and dropping what is old; both at once, then again and again. */
export function startHousekeeping(on: Housed, wake: () => void): Housekeeping {
  const { log, store, config, mirror, now } = on;
  const look = async () => {
    if (await catchUp(on)) wake();
    log.debug({ event: "releases.looked_for" });
  };
  const check = async () => {
    for (const run of await askForFullChecks(on)) {
      log.info({ event: "look.checked", run: run.id, stack: run.stack });
      wake();
    }
  };
  const prune = async () => {
    await store.prune({ events: now() - config.keepEventsMs, runs: now() - config.keepRunsMs }, now());
  };
  const tasks = [repeat(look, CATCH_UP), repeat(check, CATCH_UP), repeat(prune, PRUNE)];

  function repeat(task: () => Promise<void>, every: number) {
    let running = Promise.resolve();
    const run = () => {
      running = task().catch((err: unknown) => {
        const known = err instanceof RequestError;
        log.warn({ event: "housekeeping.failed", ...(known ? { reason: err.message } : { err }) });
      });
    };
    run();
    const timer = setInterval(run, every);
    return { timer, done: () => running };
  }

  return {
    stop: async () => {
      for (const { timer } of tasks) clearInterval(timer);
      // A remote that does not answer is not waited for, and no git outlives the runner.
      mirror.close();
      await Promise.all(tasks.map(({ done }) => done()));
    },
  };
}
