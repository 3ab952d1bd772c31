import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How often it is looked whether there is little to do, in milliseconds. */
const LOOK = 20_000;

/** How busy a process at rest may be, as a share of the time. */
const AT_REST = 0.1;

/** What is worth a collection, in bytes. */
const WORTH = 1024 ** 2;

/** What a process that may be at rest is like. */
export interface Rest {
  /** Which share of the time since the last look its event loop was busy. */
  busy: number;
  /** Bytes that its heap takes, and took after the last collection; undefined before the first. */
  heap: number;
  after: number | undefined;
}

/** Whether a process gives back memory now: it has little to do, and there is some to give. */
export function givesBack({ busy, heap, after }: Rest): boolean {
  return busy < AT_REST && (after === undefined || heap >= after + WORTH);
}

/**
 * Has this process give back the memory that its last work took once there is little to do. V8 does that by itself, in part and when it
 * comes to it: a heap that is not used grows no older.
 */
export function restWhenIdle(): { stop(): void } {
  let after: number | undefined;
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, last).utilization;
    last = now;
    if (!givesBack({ busy, heap: process.memoryUsage().heapTotal, after })) return;
    collect();
    after = process.memoryUsage().heapTotal;
  }, LOOK).unref();
  return { stop: () => clearInterval(timer) };
}

/** Collects all garbage, and compiled code that was not used for long. Takes some 50 ms of a runner at rest. */
function collect(): void {
  // The function is there in contexts that are made while the flag is set.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: object) => void;
  setFlagsFromString("--no-expose-gc");
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
