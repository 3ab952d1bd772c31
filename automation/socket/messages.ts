import type { ChecksAnswer, LeftBehind, Look } from "../../components/look/left.ts";
import type { Ending, RecordedEvent, RunEvents, StopReason, WorkSpec } from "../work/perform.ts";

/** The file descriptor that is the door's end in a worker that the door started; any other worker listens at ENGINE_SOCKET. */
export const DOOR_FD = 3;

/** What the door tells an engine worker. */
export type ToWorker =
  /** A run to carry out; nothing is begun before the stack is known to be ours. */
  | { type: "run"; spec: WorkSpec; leaseUntil: number }
  /** Until when the run's stack is ours, in milliseconds since the epoch. */
  | { type: "lease"; run: string; leaseUntil: number }
  | { type: "stop"; run: string; reason: StopReason }
  /** What became of an `append` or a `note`: kept, or why not. */
  | { type: "answer"; id: number; error?: string }
  /** The files of a run's commit, or of a state, come as bytes with this number; or why they do not. */
  | { type: "files"; id: number; error?: string }
  /** A state of before, as files below the worker's own folder; they come as bytes with this number. */
  | { type: "state"; id: number }
  /** Asks how something that the worker leans on is: `engine`, `dokploy`, … */
  | { type: "check"; name: string }
  /** Asks whether a stack is as it was left. */
  | ({ type: "look"; id: number } & LookQuestion)
  /** Nobody waits for that look any more. */
  | { type: "unlook"; id: number };

/** Whether a stack is as it was left. */
export interface LookQuestion {
  stack: string;
  left: Pick<LeftBehind, "format" | "resources"> & Partial<LeftBehind>;
  /** Until when containers are known to be the processes that were left, from the look before; of none: {}. */
  proven: Record<string, number>;
  /** When it was left so, in milliseconds since the epoch. */
  keptAt: number;
  /**
   * `answer`: instead of an engine, so settings and state have to be the same too. `watch`: only a look. `checks`: not a look, but what
   * the checks say that have to hold while a release is watched; they are asked for at most `forMs`.
   */
  purpose: "answer" | "watch" | "checks";
  forMs?: number;
}

/** What a look saw; or `refused`, in words, why only an engine can tell. */
export interface LookAnswer {
  look?: Look;
  checks?: ChecksAnswer;
  refused?: string;
}

/** What an engine worker tells the door. */
export type FromWorker =
  /**
   * First of all. `stacks`: those that it serves, all others it refuses; null: any. `looks`: the format of what was left that it can
   * compare; a worker of before says nothing of it, and would never answer.
   */
  | { type: "hello"; stacks: string[] | null; host: string; knows: string[]; looks?: number }
  /** Asks for the files of a run's commit. */
  | { type: "files"; id: number; run: string }
  | { type: "append"; id: number; run: string; events: RecordedEvent[] }
  | { type: "note"; id: number; run: string; patch: Parameters<RunEvents["note"]>[0] }
  | { type: "phase"; run: string; name: string; seconds: number }
  | { type: "lock"; run: string; lock: string }
  | { type: "end"; run: string; ending: Ending }
  /** A mistake of ours ended the run. */
  | { type: "mistake"; run: string; message: string }
  /** A state of before is in place. */
  | { type: "kept"; id: number; error?: string }
  | ({ type: "check"; name: string } & EngineCheckResult)
  | ({ type: "looked"; id: number } & LookAnswer);

/** How something that a worker leans on is. */
export interface EngineCheckResult {
  /** Whether this worker has it at all. */
  has: boolean;
  /** What is wrong with it; null: nothing. */
  problem: string | null;
  /** What Dokploy answered meanwhile; null: it was not asked, or did not. */
  status: number | null;
}
