import type { RunKind } from "./run-kinds.ts";
import type { Login } from "./way-in.ts";

/** Where a run stands. `waiting` is held back by a gate or by something that is away; the last four are final. */
export type RunState = "queued" | "waiting" | "running" | "succeeded" | "failed" | "canceled" | "superseded";

/** Why a run failed, as a closed set, so that people and alerts can tell what happens next. */
export type CauseCode =
  | "dokploy_auth"
  | "dokploy_unreachable"
  | "dokploy_elsewhere"
  | "docker_unreachable"
  | "deployment_failed"
  | "unhealthy"
  | "check_failed"
  | "vault_denied"
  | "vault_unreachable"
  | "program_error"
  | "config_invalid"
  | "stack_locked"
  | "timeout"
  | "canceled";

/** The cause of a failure: what happened, what to do, and the end of the log that shows it. Secrets are masked before. */
export interface Cause {
  code: CauseCode;
  message: string;
  hint: string;
  logTail?: string[];
}

/** What a run can wait for, because it comes back by itself; `stack`: another update lets go of it. */
export const OUTAGES_OF = ["dokploy", "docker", "vault", "git", "stack"] as const;

/** One of them. */
export type OutageOf = (typeof OUTAGES_OF)[number];

/** Why a run waits, and what it remembers of that when it goes on. Times are milliseconds since the epoch. */
export interface Outage {
  of: OutageOf;
  /** Since when it has been seen to be away, by this run or by one that this run took the place of. */
  since: number;
  /** When the run is given up; null: this run has not met the outage itself. */
  until: number | null;
  /** When it is tried again; null while it is not waiting. */
  next: number | null;
  /** Tries that ended because something was away. */
  tries: number;
  /** How many of the run's attempts were among them: the others were cut off. */
  attempts: number;
  /** Whether people were told that it waits. */
  told: boolean;
}

/**
 * What holds a run back that could go on otherwise: somebody's will, no outage (gate.ts). It ends when somebody says so, or at its time,
 * in milliseconds since the epoch.
 */
export interface Gate {
  kind: "hold";
  /** Of the hold. */
  id: string;
  by: string;
  reason: string;
  until: number | null;
}

/** How one service came out of an update. */
export type ServiceResult = (typeof SERVICE_RESULTS)[number];

export const SERVICE_RESULTS = [
  "created",
  "changed",
  "unchanged",
  "deleted",
  "retained",
  "failed",
  "skipped",
  "canceled",
] as const;

/** One service's outcome: the result, why it was touched or left, and the cause when it failed. */
export interface ServiceOutcome {
  service: string;
  result: ServiceResult;
  /** One short sentence: "equal", "drift: env REDIS_ARGS", "failed before", "needs postgres", … */
  reason: string;
  cause?: Cause;
  seconds?: number;
  /** Of a drift check: whether it runs well; null when that could not be told. */
  well?: boolean | null;
  /** One for each route of a service that runs. */
  addresses?: string[];
  /** Who may sign in to a service that was just made. */
  firstLogin?: Login;
  /** What its compose file allows itself beyond its containers, each with its place and reason. */
  allows?: string[];
}

/** A request that may become a run. Everything is resolved: the tag has its commit. */
export interface RunRequest {
  kind: RunKind;
  stack: string;
  /** Release tag, or null when a preview names a bare commit. */
  tag: string | null;
  /** Full SHA-1 of the commit that will be checked out. */
  commit: string;
  /** What the answer reports; null means all services. The stack is always brought to the release as a whole. */
  services: string[] | null;
  rollback: boolean;
  /** Full names of volumes that containers may start without in this run, and in no other; sorted. Default none. */
  giveUp?: string[];
  /** An engine looks, also where nothing is to do. Default false. */
  full?: boolean;
  /** Who or what asked: a person, "github-actions", "webhook", "catch-up". */
  triggeredBy: string;
  reason: string | null;
  requestId: string;
}

/** The engine session of a running update, so that a later process can end it and break only its own lock. */
export interface EngineSession {
  /** Session id of the detached child (equals its pid). */
  sid: number;
  /** Start time of that process in clock ticks since boot, field 22 of /proc/<pid>/stat: pids are reused, this pair is not. */
  startTime: number;
  host: string;
  bootId: string;
  /** File name (uuid) of the state backend's lock, when one was seen. */
  lockId: string | null;
}

/** One run, from acceptance to its end. Times are milliseconds since the epoch. */
export interface Run extends RunRequest {
  id: string;
  state: RunState;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** How often the update was started. */
  attempts: number;
  session: EngineSession | null;
  outcomes: ServiceOutcome[];
  cause: Cause | null;
  /** The run that took this one's place, when superseded. */
  supersededBy: string | null;
  /** What it waits for, or last waited for. Absent or null: nothing yet. */
  outage?: Outage | null;
  /** What holds it back although it could go on. Absent or null: nothing. */
  gate?: Gate | null;
  /** What told how it is: a look at Dokploy, or an engine. Absent or null: neither came to it. */
  answeredBy?: AnsweredBy | null;
}

/** What can tell how a stack is. */
export const ANSWERED_BY = ["look", "engine"] as const;

/** One of them. */
export type AnsweredBy = (typeof ANSWERED_BY)[number];

/** What can happen to a run. */
export type RunEventType = "hold" | "release" | "start" | "requeue" | "succeed" | "fail" | "cancel" | "supersede";

/** The only table of transitions; what is not in it cannot happen. `requeue` hands a run back after SIGTERM or a crash. */
const TRANSITIONS: Record<RunState, Partial<Record<RunEventType, RunState>>> = {
  queued: { hold: "waiting", start: "running", cancel: "canceled", supersede: "superseded", fail: "failed" },
  waiting: { release: "queued", cancel: "canceled", supersede: "superseded", fail: "failed" },
  running: { requeue: "queued", hold: "waiting", succeed: "succeeded", fail: "failed", cancel: "canceled" },
  succeeded: {},
  failed: {},
  canceled: {},
  superseded: {},
};

/** Every state, in the order of a run's life. */
export const RUN_STATES = Object.keys(TRANSITIONS) as RunState[];

/** The state after `event`, or undefined when that cannot happen in `state`. */
export function nextState(state: RunState, event: RunEventType): RunState | undefined {
  return TRANSITIONS[state][event];
}

/** Whether nothing can happen to a run in this state any more. */
export function isFinal(state: RunState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}
