import type { WayIn } from "./way-in.ts";

/** A step of the engine on one resource. Names only: no value leaves the engine's process. */
export interface StepRecord {
  type: "resource";
  phase: "started" | "done" | "failed";
  /** create, update, same, delete, retain, refresh, … */
  op: string;
  urn: string;
  /** Names of the inputs or outputs that differ: `env.REDIS_ARGS`. */
  keys: string[];
  /** What the provider keeps about a service besides; absent for everything else, and from providers that keep nothing. */
  told?: Told;
  /** Addresses and first login of a service, on the steps that tell them. */
  wayIn?: WayIn;
}

/** What the provider tells about one service, from the outputs of its Compose project. Names, states and times only. */
export interface Told {
  /** What was found changed since the last update: `env.REDIS_ARGS`, `settings.autoDeploy`, `deployed: redis: exited (137)`. */
  drift: string[];
  /** Whether its last deployment, containers and checks came to a good end. */
  deployed: boolean;
  /** Keys that an update was to bring and did not finish; `new` for the whole service. */
  unfinished?: string[];
  /** Containers that were started again since the last update. */
  restarts?: Restart[];
}

/** A container that is not the same process any more as after the last update. */
export interface Restart {
  container: string;
  /** How often Docker started it again after it ended by itself; 0: somebody, or its server, started it. */
  times: number;
  /** Its last start, in milliseconds since the epoch. */
  at: number;
  /** Exit code of the end before, where Docker still knows it. */
  exitCode?: number;
  /** It is another container of the same name. */
  replaced?: true;
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
