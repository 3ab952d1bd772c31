import type { LeftResource, ProvenContainers } from "../../components/look/left.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import type { RunKindFacts } from "../domain/run-kinds.ts";

/** Longest last words handed on, in characters. Far more than is kept: a cut goes through secrets, and only the runner can mask them. */
export const SAID_LIMIT = 64_000;

/** The descriptor by which an update's process speaks with the worker. Not Node's own channel: that takes any length, and dies of what is no JSON. */
export const WORKER_FD = 3;

/** Longest message between the two, in bytes. */
export const LONGEST_MESSAGE = 1024 ** 2;

/** What an update's process is told to do. Its environment carries the secrets, never this. */
export interface EngineJob {
  kind: RunKindFacts["job"];
  stack: string;
  /** The checked-out program. */
  workDir: string;
  /** A copy of the stack's file: the engine may write a salt into it, and no checkout gets dirty. */
  configFile: string;
  /** Kept in the engine's own history. */
  message: string;
  /** Full names of volumes that the run gives up and no earlier try can have left: each must be one that it leaves. */
  giveUp: readonly string[];
  /** Where the state is copied, its secrets encrypted, before a cut-off update is repaired; null: nothing to recover. */
  recoverTo: string | null;
  /** Where the providers tell how they leave each resource; absent: nobody wants to know. */
  seen?: string;
  /** Which containers the last look saw; absent: nobody looked, or nobody is to rely on it. */
  proven?: ProvenContainers;
}

/**
 * What an update's process is told: its job first; then, again and again, until when the runner holds the stack, in milliseconds since
 * the epoch. It begins when it hears that for the first time.
 */
export type EngineOrder = { job: EngineJob } | { leaseUntil: number };

/** How the engine ended, when it could say so. */
export interface EngineEnd {
  result: "succeeded" | "failed";
  /**
   * `locked`: another update holds the stack. `killed`: the engine was ended by a signal and could not clean up. `unknown_stack`: the
   * state backend has none of that name.
   */
  problem: "none" | "locked" | "killed" | "unknown_stack" | "engine";
  /** The end of what the engine said on stderr. */
  said: string;
}

/** What an engine that ended well leaves, piece by piece, before it says that it ended. */
export interface LeftPiece {
  /** The resources, some at a time; all of them came when it ends. */
  left?: LeftResource[];
  /** When the engine ended, in milliseconds since the epoch. */
  endedAt?: number;
  /** Why nobody can tell what it left. */
  notLeft?: string;
  /** Settings of the providers that only the stack's file has, decrypted: by variable. */
  sealed?: Record<string, string>;
}

/** What an update's process reports: what happened, what was left, how it ended. */
export type EngineMessage = TimedRecord | LeftPiece | { end: EngineEnd };
