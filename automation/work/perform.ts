import type { LeftBehind, ProvenContainers } from "../../components/look/left.ts";
import { causeOf } from "../domain/cause.ts";
import type { AnsweredBy, Cause, EngineSession, Outage, Run, RunEventType, ServiceOutcome } from "../domain/run.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";
import type { RunUsers } from "./users.ts";

/**
 * How the rest of the runner has a run carried out: what the run is goes in, what happens comes out as events, and how it ended as the
 * answer. Nothing else passes. Throws for mistakes of ours, and what `events.note` throws.
 */
export type Perform = (spec: RunSpec, events: RunEvents, stop: AbortSignal) => Promise<Ending>;

/** What a run is. */
export interface RunSpec {
  /** As it was claimed; what is noted of it is counted here too. */
  run: Run;
  /**
   * For a deploy or a sync: the last one before it whose engine came to the stack. A run that was to recover what another left behind may
   * have ended before it came to that.
   */
  before: Run | undefined;
  /** Whether the stack was ever brought to a release: then its Dokploy was there. */
  known: boolean;
  /** Only a look may answer it now: all engines that may run at once do. Without an answer it is handed back. */
  only?: "look";
}

/** All that the process needs to know that carries a run out: it has no store and no Git. */
export interface WorkSpec extends RunSpec {
  /** Services that the release has for this stack. */
  services: string[];
  /**
   * Whether main contains the commit. What was not merged runs with folders of its own that are thrown away, and leaves nothing to any
   * other run.
   */
  merged: boolean;
  /** How long the run may take, and how long is waited for what is away, in milliseconds. */
  runTimeoutMs: number;
  outagePatienceMs: number;
}

/** Where a run's events go. */
export interface RunEvents {
  /** Adds to the run's record, in order. */
  append(events: RecordedEvent[]): Promise<void>;
  /** Keeps how often an engine was started, and its session, before the engine does anything. Throws when the stack is not ours any more. */
  note(patch: { attempts?: number; session: EngineSession | null }): Promise<void>;
  /** Until when the stack is ours, in milliseconds since the epoch. */
  leaseUntil(): number;
  /** A phase (`checkout`, `engine`, …) took so long. */
  phaseEnded(name: string, seconds: number): void;
  /** A lock that an engine left behind was removed: its id, or `<host>:<pid>`. */
  lockRemoved(lock: string): void;
}

/** One line of a run's record: what the runner does, or an engine event cut down to the allow-list. */
export interface RecordedEvent {
  at: number;
  type: string;
  data: unknown;
}

/** How a run ended, and what became of its services. */
export interface Ending {
  verdict: FinalVerdict;
  outcomes: ServiceOutcome[];
  /** What told how it is; absent: neither a look nor an engine. */
  answeredBy?: AnsweredBy;
  /** What it left, or a drift check found left, where that can be told of all of it. */
  left?: LeftBehind;
}

/** How a run ends here; `hold` has it taken up again later, `leave` writes nothing. */
export type FinalVerdict =
  | { next: Extract<RunEventType, "succeed" | "fail" | "cancel" | "requeue">; cause: Cause | null }
  | { next: Extract<RunEventType, "hold">; cause: Cause; outage: Outage }
  | { next: "leave" };

/** Why a run is stopped from outside. `lease`: another process has the stack now, nothing may be written any more. */
export type StopReason = "cancel" | "timeout" | "lease" | "shutdown";

/** How a run ends that is stopped from outside. */
export function judgeStop(reason: StopReason, timeoutMs: number): Exclude<FinalVerdict, { next: "hold" }> {
  switch (reason) {
    case "cancel":
      return { next: "cancel", cause: causeOf("canceled", "somebody canceled the run") };
    case "timeout":
      return { next: "fail", cause: causeOf("timeout", `the run took longer than ${timeoutMs / 1000} s`) };
    case "shutdown":
      return { next: "requeue", cause: null };
    case "lease":
      return { next: "leave" };
  }
}

/** What carries out runs in the engine worker, whatever run it is. */
export interface WorkContext {
  config: {
    /** Where worktrees, dependencies and the engine's home are. */
    dataDir: string;
    /** Where states are. */
    backendUrl: string;
    logLevel: string;
  };
  log: Log;
  mask: Mask;
  /** What the engine and the program that it runs may see of the worker's environment, as it is now. */
  programEnvironment(): Record<string, string>;
  /** PATH for the engine: its own folder first, then Node's. */
  enginePath: string;
  /** Folder of the worker's own checkout, whose dependencies serve releases with the same lock file. */
  folder: string;
  /** What npm may see, and PATH. */
  npmEnvironment: Record<string, string>;
  /** This worker's own version. */
  version(): string;
  /** Secrets that only a stack's file has, by stack, as its last engine found them: in memory alone. */
  sealed: Map<string, Record<string, string>>;
  /** Which containers the last look saw, by stack: spares an engine questions. */
  proven: Map<string, ProvenContainers>;
  /** Users that runs are carried out as; undefined: all as this process's own. */
  users: RunUsers | undefined;
  /** The files of a run's commit, as a tar archive. */
  files(run: string): AsyncIterable<Buffer>;
  /** Milliseconds since the epoch. */
  now(): number;
}
