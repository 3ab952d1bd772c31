import type { LookVerdict } from "./observation.ts";

/** A container as it was started last, as far as Docker told: two that are equal in all three are one process. */
export interface Start {
  id: string;
  startedAt: string;
  restarts: number;
  exitCode?: number;
}

/** What is kept between two looks at a stack. Times are milliseconds since the epoch. */
export interface WatchMemory {
  /** Which record of what was left it belongs to: with another one all but the verdict begins anew. Null: there was none to look at. */
  left: string | null;
  /** How the last look came out, and since when they have come out so. Null: nothing was looked at. */
  verdict: LookVerdict | null;
  since: number;
  /** Why it could not be told, or why nothing is looked at; masked. */
  why?: string;
  /** Until when each container is known to be the process that it was, for the next look. */
  proven: Record<string, number>;
  /** Containers that were started again and have been told of, by service and name: the next look compares with these. */
  known: Record<string, Record<string, Start>>;
  /** Services whose containers did not say yet whether they are healthy: since when, and which starts were seen then. */
  starting: Record<string, { since: number; starts: Record<string, Start> }>;
  /** When healing was given up, because it was done too often. */
  gaveUpAt?: number;
}

/** The memory of a stack that was never looked at. */
export function emptyMemory(now: number): WatchMemory {
  return { left: null, verdict: null, since: now, proven: {}, known: {}, starting: {} };
}

/** What tells one record of what was left from the next. */
export function leftKey({ run, keptAt }: { run: string; keptAt: number }): string {
  return `${run} ${keptAt}`;
}
