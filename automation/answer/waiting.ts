import { isFinal, type Run } from "../domain/run.ts";
import type { Store } from "../store/store.ts";

/** How often the store is asked although nobody told of a change, in milliseconds: another process may run it. */
const LOOK = 1_000;

/** Tells those who wait for a run that it moved. */
export interface Changes {
  /** Wakes everybody who waits for `run`. */
  tell(run: string): void;
  /** Resolves at the next change of `run`, after at most `ms`, or when `signal` is aborted. */
  next(run: string, ms: number, signal?: AbortSignal): Promise<void>;
}

/** Makes an exchange of changes inside this process. */
export function createChanges(): Changes {
  const waiting = new Map<string, Set<() => void>>();
  return {
    tell: (run) => {
      for (const wake of waiting.get(run) ?? []) wake();
    },
    next: (run, ms, signal) =>
      new Promise((resolve) => {
        const own = waiting.get(run) ?? new Set();
        waiting.set(run, own);
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          own.delete(done);
          if (own.size === 0 && waiting.get(run) === own) waiting.delete(run);
          resolve();
        };
        const timer = setTimeout(done, ms);
        own.add(done);
        signal?.addEventListener("abort", done);
        if (signal?.aborted) done();
      }),
  };
}

/** The run when it has ended, or as it is after `ms`. */
export async function waitForRun(
  store: Store,
  changes: Changes,
  id: string,
  ms: number,
  signal?: AbortSignal,
): Promise<Run> {
  for (const until = Date.now() + ms; ; ) {
    const change = new AbortController();
    const changed = changes.next(id, Math.max(0, Math.min(LOOK, until - Date.now())), change.signal);
    const run = await store.run(id);
    if (!run) throw new Error(`run ${id} is gone`);
    if (isFinal(run.state) || Date.now() >= until || signal?.aborted) {
      change.abort();
      return run;
    }
    await changed;
  }
}
