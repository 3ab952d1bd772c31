import type { Confirmation, ConfirmationState } from "../domain/confirming/confirmation.ts";
import type { Hold } from "../domain/gates/hold.ts";
import type { Run, RunEventType, RunRequest, RunState } from "../domain/run.ts";
import type { Notice } from "./notice.ts";
import type { KeptLeft } from "./stack/left-behind.ts";
import type { Observing } from "./stack/observing.ts";

export type { Notice } from "./notice.ts";
export type { KeptLeft } from "./stack/left-behind.ts";

/** What a transition may write beside the state. */
export type RunPatch = Partial<
  Pick<Run, "outcomes" | "cause" | "session" | "startedAt" | "finishedAt" | "supersededBy" | "outage" | "answeredBy">
>;

/** A stack leased to one worker. The fence grows with every lease; writes with an older fence are refused. */
export interface Lease {
  stack: string;
  owner: string;
  fence: number;
  /** When it runs out unless it is renewed; whoever renews it keeps this up to date. */
  expiresAt: number;
}

/** A run taken from the queue together with its stack's lease. */
export interface Claim {
  run: Run;
  lease: Lease;
}

/** What is claimed when nothing but looks may be begun. */
export interface LookOnly {
  /** Ids of runs that a look did not answer. */
  except: readonly string[];
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

/** Which runs to list; what is left out does not narrow. */
export interface RunFilter {
  stack?: string;
  commit?: string;
  states?: RunState[];
  kinds?: Run["kind"][];
  /** At most so many; default 100. */
  limit?: number;
  /** Only runs before this one, for the next page. */
  before?: { createdAt: number; id: string };
}

/** What must still hold when a request is accepted. */
export interface AcceptCondition {
  /**
   * Id of `newestAccepted` (null: none) that the caller decided against. When another one was accepted meanwhile,
   * `accept` throws StoreConflict and writes nothing: decide again.
   */
  newest?: string | null;
  /** Holds that the runner made and that this request ends, as it asks for a newer release than the one that was taken back. */
  ends?: { holds: readonly string[]; by: string; tell: TellHold };
}

/** What somebody asks to hold. */
export type HoldRequest = Pick<Hold, "stack" | "by" | "reason" | "until">;

/** The notices of a hold that begins or ends, written with it. */
export type TellHold = (hold: Hold) => readonly Notice[];

/** How a watched release came out, as one write. */
export interface Settled {
  run: string;
  /** In which state it has to be still. */
  from: ConfirmationState;
  to: ConfirmationState;
  /** When watching is to end; only with `watching`. */
  until?: number;
  data?: Partial<Confirmation["data"]>;
  notices?: readonly Notice[];
}

/** A release that is taken back: settles its watching, holds the stack and asks for the one before, all or nothing. */
export interface TakeBack extends Settled {
  /** Id of the newest deploy or sync that was accepted, against which this was decided. */
  newest: string | null;
  hold: HoldRequest;
  tell: TellHold;
  request: RunRequest;
}

/** A notice that was taken to be sent. */
export interface OutboxEntry extends Notice {
  /** The run, or the observation, that it tells of. */
  run: string;
  createdAt: number;
  /** How often it was taken, this time included. */
  attempts: number;
}

/** How sending a notice went. `error` is masked and never holds the target's address. */
export type Settlement =
  | { as: "sent" }
  | { as: "retry"; at: number; error: string }
  | { as: "given up"; error: string };

/** A lease was lost, or the transition is not in the table: nothing was written. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/** The database did not do what it was asked: it cannot be reached, its disk is full, … `cause` tells. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * Where runs live. Every method is atomic and durable when its promise resolves. Times are milliseconds since the
 * epoch and always passed in (`now`), so that no implementation reads a clock.
 */
export interface Store extends Observing {
  /**
   * Writes a queued run; a queued, waiting or running one of the same stack, kind, commit, rollback flag and volumes given up is joined
   * instead, unless a newer deploy or sync waits behind it or it is being canceled. One that waits for something that is
   * away is then due at once. Where the stack is held, what goes forward waits from the beginning.
   */
  accept(request: RunRequest, now: number, condition?: AcceptCondition): Promise<{ run: Run; duplicate: boolean }>;
  /** A run that never enters the queue (superseded on arrival), kept for the record. */
  record(request: RunRequest, state: "superseded", now: number): Promise<Run>;
  run(id: string): Promise<Run | undefined>;
  /** Newest first. */
  runs(filter: RunFilter): Promise<Run[]>;
  /**
   * The newest deploy or sync of the stack that entered the queue, whatever became of it; not one that was superseded or
   * canceled before it started.
   */
  newestAccepted(stack: string): Promise<Run | undefined>;

  /**
   * Leases an idle stack and takes its newest deploy or sync that is queued, or waits for something and is due to be tried
   * again; older queued or waiting ones become superseded by it, which takes over since when they met an outage. A running run of that stack whose lease ran out is returned first (recovery). Previews and drift checks are
   * taken one by one, oldest first, when no deploy or sync is queued, and supersede nothing. A claim is no attempt:
   * the worker counts `attempts` as it starts the update. `lookOnly`: what would be taken is left alone unless a look may answer it.
   */
  claim(owner: string, leaseMs: number, now: number, lookOnly?: LookOnly): Promise<Claim | undefined>;
  /** Prolongs a lease, also one that ran out and nobody took. False when it was lost: end the own session. */
  renew(lease: Lease, leaseMs: number, now: number): Promise<boolean>;
  /** Gives the stack back. */
  release(lease: Lease, now: number): Promise<void>;
  /** Gives back what owners hold who are gone, as far as `isGone` can tell, so that nobody waits for it to run out. */
  releaseGone(isGone: (owner: string) => boolean, now: number): Promise<string[]>;

  /**
   * Moves a run by one event of the table. With a lease its fence is checked. Throws StoreConflict. The first `start`
   * sets `startedAt` and a final state sets `finishedAt` to `now`, unless the patch does. `notices`, and what the run `left`, are written
   * with it or not at all.
   */
  transition(
    id: string,
    event: RunEventType,
    patch: RunPatch,
    now: number,
    lease?: Lease,
    notices?: readonly Notice[],
    left?: KeptLeft,
  ): Promise<Run>;
  /**
   * Writes what is known of a running run without moving it. With another attempt of a deploy or sync what was left on the stack is
   * forgotten. Throws StoreConflict when the lease was lost.
   */
  update(id: string, patch: RunPatch & { attempts?: number }, now: number, lease: Lease): Promise<void>;

  /** Asks whoever holds the run, in whatever process, to cancel it. False when it is final or unknown. */
  requestCancel(id: string, now: number): Promise<boolean>;
  /** Whether somebody asked to cancel the run; the worker looks with every heartbeat. */
  cancelRequested(id: string): Promise<boolean>;

  append(runId: string, events: Omit<RunEvent, "seq">[]): Promise<void>;
  events(runId: string, afterSeq: number, limit: number): Promise<RunEvent[]>;

  /** The release of the last deploy or sync of the stack that succeeded. */
  stackRelease(stack: string): Promise<StackRelease | undefined>;
  /** Whether a deploy or sync of this commit ever succeeded on the stack. */
  hasSucceeded(stack: string, commit: string): Promise<boolean>;

  /** What the last update of a stack left; undefined when nobody can tell. */
  leftBehind(stack: string): Promise<KeptLeft | undefined>;
  /** The stacks of which that is known. */
  leftStacks(): Promise<string[]>;
  /** Forgets what a run left, unless another run's is kept by now. */
  forgetLeft(left: Pick<KeptLeft, "stack" | "run">): Promise<void>;

  /** Remembers a nonce or delivery id until `expiresAt`. False when it was known already. */
  remember(key: string, expiresAt: number, now: number): Promise<boolean>;
  /** Whether a key is remembered, without remembering it. */
  isRemembered(key: string, now: number): Promise<boolean>;
  /** Remembers which commit a tag named first; a different one later is answered with the first. */
  pinTag(tag: string, commit: string, now: number): Promise<string>;
  /** The commit that a tag named first; undefined when nobody may deploy it yet. */
  pinnedCommit(tag: string): Promise<string | undefined>;
  /** Every tag that was ever pinned: a number is never used again, also when its tag was deleted. */
  pinnedTags(): Promise<{ tag: string; commit: string }[]>;

  /** Holds a stack: what goes forward on it waits from now on. Who asks twice for the same gets the same hold. */
  hold(asked: HoldRequest, now: number, tell: TellHold): Promise<{ hold: Hold; duplicate: boolean }>;
  /** Lifts a hold; the newest run that waited goes on. Undefined when it is unknown or has ended. */
  endHold(id: string, by: string, now: number, tell: TellHold): Promise<Hold | undefined>;
  /** Writes down which holds are over by their time, and tells. */
  endHoldsInTime(now: number, tell: TellHold): Promise<Hold[]>;
  /** A hold, ended or not. */
  readHold(id: string): Promise<Hold | undefined>;
  /** Holds that count now, oldest first: of a stack, or of all. */
  holds(now: number, stack?: string): Promise<Hold[]>;

  /** Updates that ended and of which is not settled yet whether they are confirmed, oldest first. */
  openConfirmations(): Promise<Confirmation[]>;
  /** Of the newest update of a stack that was to be confirmed, whatever came of it. */
  newestConfirmation(stack: string): Promise<Confirmation | undefined>;
  /** The release of the stack that was confirmed last; not one of this run. */
  lastConfirmed(stack: string, except?: string): Promise<Confirmation | undefined>;
  /** Moves one on. False when it is not in that state any more: nothing was written. */
  settle(settled: Settled, now: number): Promise<boolean>;
  /**
   * Takes a release back. Throws StoreConflict, with nothing written, when it was settled meanwhile, something newer was accepted, or
   * somebody holds the stack.
   */
  takeBack(taken: TakeBack, now: number): Promise<{ hold: Hold; run: Run }>;

  /** Takes notices that are due, oldest first; nobody else gets them for `holdMs`, or ever once they are settled. */
  takeOutbox(limit: number, holdMs: number, now: number): Promise<OutboxEntry[]>;
  /** Says how sending went. False when the hold ran out and another took it: nothing was written. */
  settleOutbox(entry: OutboxEntry, settlement: Settlement, now: number): Promise<boolean>;

  /**
   * Drops events, finished runs and observations that are over, with their notices, and remembered keys older than given. The newest succeeded deploy or sync of each
   * commit on each stack stays, so that `stackRelease` and `hasSucceeded` stay true.
   */
  prune(before: { events: number; runs: number }, now: number): Promise<void>;
  /** Cheap proof that the store answers and can write. */
  ping(now: number): Promise<void>;
  close(): Promise<void>;
}
