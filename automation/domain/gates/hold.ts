/** Who holds a stack when the runner does it by itself. */
export const RUNNER = "dockmaster";

/** A stack that somebody holds: nothing goes forward on it. Times are milliseconds since the epoch. */
export interface Hold {
  id: string;
  stack: string;
  /** Who holds it: a person, or `RUNNER`. */
  by: string;
  reason: string;
  madeAt: number;
  /** When it ends by itself; null: when somebody lifts it. */
  until: number | null;
  /** Of a hold that the runner made by itself: the release that was taken back. Whoever asks for a newer one ends it. */
  takenBack: { run: string; tag: string | null; commit: string } | null;
  endedAt: number | null;
  /** Who lifted it, or `HOLD_ENDS.time`; null while it is open. */
  endedBy: string | null;
}

/** What ends a hold that nobody lifted. */
export const HOLD_ENDS = { time: "its time" } as const;

/** Whether a hold counts at `now`: it is not ended, and its time is not over. */
export function isOpen({ endedAt, until }: Pick<Hold, "endedAt" | "until">, now: number): boolean {
  return endedAt === null && (until === null || until > now);
}

/** `held by ada until 2026-01-31T12:00:00.000Z: the database is moved`. */
export function describeHold({ by, reason, until }: Pick<Hold, "by" | "reason" | "until">): string {
  return `held by ${by} ${until === null ? "until it is lifted" : `until ${new Date(until).toISOString()}`}: ${reason}`;
}
