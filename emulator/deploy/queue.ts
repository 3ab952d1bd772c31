/** One deployment that waits or runs. Jobs live in memory only: a restart loses them without a trace. */
export interface Job {
  id: string;
  composeId: string;
  title: string;
  description: string;
  type: "deploy" | "redeploy";
  /** Unix time in ms. */
  timestamp: number;
  processedOn?: number;
}

export interface Queue {
  add(job: Pick<Job, "composeId" | "title" | "description" | "type">): void;
  /** Waiting and running jobs, newest first. */
  list(): Job[];
  /** Drops the waiting jobs of one service, or of all. */
  clean(composeId?: string): void;
  /** Interrupts what runs now, as `pkill -2 -f "docker compose"` does. */
  killRunning(): void;
  /** Forgets everything, as the end of the server does. Answers the jobs that waited, oldest first. */
  lose(): Job[];
  /** Starts what may start; called when the number of jobs at once has changed. */
  pump(): void;
  /** Resolves when no job waits or runs. */
  idle(): Promise<void>;
}

export interface JobSignals {
  /** The server went down: write nothing any more. */
  lost: AbortSignal;
  /** The compose process was interrupted: the deployment ends as `error`. */
  killed: AbortSignal;
  /** It was interrupted again, which is what a process that hangs needs. */
  killedAgain: AbortSignal;
}

interface Running {
  lost: AbortController;
  killed: AbortController;
  killedAgain: AbortController;
}

/** FIFO; jobs of one service never run side by side. `run` must not throw. */
export function openQueue(options: {
  concurrency(): number;
  now(): Date;
  run(job: Job, signals: JobSignals): Promise<void>;
}): Queue {
  let count = 0;
  let jobs: Job[] = [];
  let waiters: (() => void)[] = [];
  const running = new Map<Job, Running>();

  function pump(): void {
    const busy = new Set([...running.keys()].map(({ composeId }) => composeId));
    for (const job of jobs) {
      if (running.size >= options.concurrency()) break;
      if (busy.has(job.composeId)) continue;
      busy.add(job.composeId);
      start(job);
    }
    if (jobs.length > 0) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  }

  function start(job: Job): void {
    const controllers = {
      lost: new AbortController(),
      killed: new AbortController(),
      killedAgain: new AbortController(),
    };
    job.processedOn = options.now().getTime();
    running.set(job, controllers);
    // The answer to the request leaves before the row appears.
    setImmediate(async () => {
      const { lost, killed, killedAgain } = controllers;
      if (lost.signal.aborted) return;
      await options.run(job, { lost: lost.signal, killed: killed.signal, killedAgain: killedAgain.signal });
      if (lost.signal.aborted) return;
      running.delete(job);
      jobs = jobs.filter((other) => other !== job);
      pump();
    });
  }

  return {
    add(asked) {
      count += 1;
      jobs.push({ ...asked, id: `job-${count}`, timestamp: options.now().getTime() });
      pump();
    },
    list: () => [...jobs].reverse(),
    clean(composeId) {
      jobs = jobs.filter((job) => running.has(job) || (composeId !== undefined && job.composeId !== composeId));
    },
    killRunning() {
      for (const { killed, killedAgain } of running.values()) (killed.signal.aborted ? killedAgain : killed).abort();
    },
    lose() {
      const waiting = jobs.filter((job) => !running.has(job));
      jobs = [];
      const controllers = [...running.values()];
      running.clear();
      for (const { lost } of controllers) lost.abort();
      pump();
      return waiting;
    },
    pump,
    idle: () => (jobs.length === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}
