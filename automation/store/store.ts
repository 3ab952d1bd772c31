import type { Run, RunEventType, RunRequest, RunState } from "../domain/run.ts";

/** What a transition may write beside the state. */
export type RunPatch = Partial<
  Pick<Run, "outcomes" | "cause" | "session" | "startedAt" | "finishedAt" | "supersededBy">
>;

/** A stack leased to one worker. The fence grows with every lease; writes with an older fence are refused. */
export interface Lease {
  stack: string;
  owner: string;
  fence: number;
  expiresAt: number;
}

/** A run taken from the queue together with its stack's lease. */
export interface Claim {
  run: Run;
  lease: Lease;
}

/** One line of a run's record: an engine event cut down to the allow-list. */
export interface RunEvent {
  seq: number;
  at: number;
  type: string;
  data: unknown;
}

/** What a stack runs: the release of the last deploy or sync that succeeded. */
export interface StackRelease {
  stack: string;
  tag: string | null;
  commit: string;
  run: string;
  since: number;
}

/** A lease was lost, or the transition is not in the table: nothing was written. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/**
 * Where runs live. Every method is atomic and durable when its promise resolves. Times are milliseconds since the
 * epoch and always passed in (`now`), so that no implementation reads a clock.
 */
export interface Store {
  /** Writes a queued run; a queued, waiting or running one of the same stack, kind, commit and rollback flag is joined instead. */
  accept(request: RunRequest, now: number): Promise<{ run: Run; duplicate: boolean }>;
  /** A run that never enters the queue (superseded on arrival), kept for the record. */
  record(request: RunRequest, state: "superseded", now: number): Promise<Run>;
  run(id: string): Promise<Run | undefined>;
  /** Newest first. */
  runs(filter: {
    stack?: string;
    states?: RunState[];
    kinds?: Run["kind"][];
    limit?: number;
    before?: { createdAt: number; id: string };
  }): Promise<Run[]>;

  /**
   * Leases an idle stack and takes its newest queued deploy or sync; older queued ones become superseded by it. A
   * running run of that stack whose lease ran out is returned first (recovery), with `attempts` unchanged. Previews
   * and drift checks are taken one by one, oldest first, and supersede nothing.
   */
  claim(owner: string, leaseMs: number, now: number): Promise<Claim | undefined>;
  /** Prolongs a lease. False when it was lost: end the own session. */
  renew(lease: Lease, leaseMs: number, now: number): Promise<boolean>;
  /** Gives the stack back. */
  release(lease: Lease, now: number): Promise<void>;

  /** Moves a run by one event of the table. With a lease its fence is checked. Throws StoreConflict. */
  transition(id: string, event: RunEventType, patch: RunPatch, now: number, lease?: Lease): Promise<Run>;
  /** Writes what is known of a running run without moving it. Throws StoreConflict when the lease was lost. */
  update(id: string, patch: RunPatch & { attempts?: number }, now: number, lease: Lease): Promise<void>;

  append(runId: string, events: Omit<RunEvent, "seq">[]): Promise<void>;
  events(runId: string, afterSeq: number, limit: number): Promise<RunEvent[]>;

  /** The release of the last deploy or sync of the stack that succeeded. */
  stackRelease(stack: string): Promise<StackRelease | undefined>;
  /** Whether a deploy or sync of this commit ever succeeded on the stack. */
  hasSucceeded(stack: string, commit: string): Promise<boolean>;

  /** Remembers a nonce or delivery id until `expiresAt`. False when it was known already. */
  remember(key: string, expiresAt: number, now: number): Promise<boolean>;
  /** Remembers which commit a tag named first; a different one later is answered with the first. */
  pinTag(tag: string, commit: string, now: number): Promise<string>;

  /** Drops events, finished runs and remembered keys older than given; the newest succeeded run of each stack stays. */
  prune(before: { events: number; runs: number }, now: number): Promise<void>;
  /** Cheap proof that the store answers and can write. */
  ping(now: number): Promise<void>;
  close(): Promise<void>;
}
