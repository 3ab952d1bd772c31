import type { Dokploy } from "./client.ts";
import type { QueueEntry } from "./schema.ts";

/** Looks at a server's queue of deployments, for all who wait for one at once. */
export interface QueueWatch {
  /**
   * The queue as it is after this call: asked for at `at` (milliseconds since the epoch), or earlier when somebody else's question
   * comes first. Whoever is `patient` leaves the time to those who are not, as long as there are such. Rejects as `queue` does.
   */
  next(at: number, options?: { patient?: boolean }): Promise<QueueEntry[]>;
}

interface Waiter {
  at: number;
  patient: boolean;
  resolve(entries: QueueEntry[]): void;
  reject(error: unknown): void;
}

const watches = new WeakMap<Dokploy, QueueWatch>();

/** The watch over a server's queue, one for all of a process: the queue is the whole server's, and so is each answer. */
export function watchQueueOf(dokploy: Dokploy): QueueWatch {
  const known = watches.get(dokploy);
  if (known !== undefined) return known;
  const watch = openWatch(dokploy);
  watches.set(dokploy, watch);
  return watch;
}

function openWatch(dokploy: Dokploy): QueueWatch {
  let waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  function ask(): void {
    const asking = waiting;
    waiting = [];
    dokploy.queue().then(
      (entries) => {
        for (const { resolve } of asking) resolve(entries);
      },
      (error: unknown) => {
        for (const { reject } of asking) reject(error);
      },
    );
  }

  return {
    next: (at, { patient = false } = {}) =>
      new Promise((resolve, reject) => {
        waiting.push({ at, patient, resolve, reject });
        const eager = waiting.filter((waiter) => !waiter.patient);
        const first = Math.min(...(eager.length > 0 ? eager : waiting).map((waiter) => waiter.at));
        clearTimeout(timer);
        timer = setTimeout(ask, Math.max(0, first - Date.now()));
      }),
  };
}
