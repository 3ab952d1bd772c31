/** What an update's process is told to do. Its environment carries the secrets, never this. */
export interface EngineJob {
  kind: "update" | "preview" | "drift";
  stack: string;
  /** The checked-out program. */
  workDir: string;
  /** A copy of the stack's file: the engine may write a salt into it, and no checkout gets dirty. */
  configFile: string;
  /** Kept in the engine's own history. */
  message: string;
  /** Where the state is copied before a cut-off update is mended; null: nothing to mend. */
  recoverTo: string | null;
}

/** A step of the engine on one resource. Names only: no value leaves the process. */
export interface ResourceRecord {
  type: "resource";
  phase: "started" | "done" | "failed";
  /** create | update | replace | delete | retain | same | refresh | gone | read | … */
  op: string;
  urn: string;
  /** Inputs or outputs that differ, as dotted names: `env.REDIS_ARGS`. */
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
  changes: Record<string, number>;
  seconds: number;
}

/** What is kept of the engine's events. */
export type EngineRecord = ResourceRecord | DiagnosticRecord | SummaryRecord;

/** How the engine ended, when it could say so. */
export interface EngineEnd {
  result: "succeeded" | "failed";
  /** `locked`: another update holds the stack. */
  problem: "none" | "locked" | "engine";
  /** The end of what the engine said on stderr. */
  said: string;
}

/** What an update's process reports. */
export type EngineMessage = { event: EngineRecord; at: number } | { end: EngineEnd };
