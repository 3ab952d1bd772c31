/** A step of the engine on one resource. Names only: no value leaves the engine's process. */
export interface StepRecord {
  type: "resource";
  phase: "started" | "done" | "failed";
  /** create, update, same, delete, retain, refresh, … */
  op: string;
  urn: string;
  /** Names of the inputs or outputs that differ: `env.REDIS_ARGS`. */
  keys: string[];
}

/** A message for people, from the program or the engine. */
export interface DiagnosticRecord {
  type: "diagnostic";
  severity: "info" | "warning" | "error";
  urn: string | null;
  message: string;
}

/** How the engine itself counts what it did. */
export interface SummaryRecord {
  type: "summary";
  result: string;
}

/** One of the engine's events, cut down to what may be kept, and when it came in milliseconds since the epoch. */
export interface TimedRecord {
  event: StepRecord | DiagnosticRecord | SummaryRecord;
  at: number;
}
