import type { WatchMemory } from "../../domain/watching/memory.ts";
import type { Observation } from "../../domain/watching/observation.ts";
import type { Notice } from "../notice.ts";

/** A stack that is looked at again and again. Times are milliseconds since the epoch. */
export interface Watch {
  stack: string;
  /** When it is due. Whoever claimed it holds it until then. */
  dueAt: number;
  /** When it was last looked at, whatever came of it. */
  lookedAt: number | null;
  memory: WatchMemory | null;
}

/** What a look came to. */
export interface KeptLook {
  /** As it was claimed. */
  watch: Watch;
  /** The record of what was left that was looked at; when it is another one by now, nothing is written. Null: none that can be looked at. */
  left: { run: string; keptAt: number } | null;
  dueAt: number;
  /** Null: nothing was looked at. */
  lookedAt: number | null;
  memory: WatchMemory;
  /** Observations as they are now, new ones too. */
  write: readonly Observation[];
  /** Ids of those that nobody confirmed. */
  drop: readonly string[];
  /** What people are told, by the observation that it is filed under. */
  notices: readonly { observation: string; notices: readonly Notice[] }[];
}

/** Open observations of a stack, and what the next one comes after. */
export interface Standing {
  open: Observation[];
  /** When something was last written of one, and the newest id; whatever comes is later. */
  latestAt: number;
  latestId: string | undefined;
}

/** Something that happened to an observation, as it is told: once that it counts, once that it is over. */
export interface ObservationEvent {
  at: number;
  is: "confirmed" | "over";
  observation: Observation;
}

/** A place in the events of a stack; they have an order that no clock turns around. */
export type EventPlace = Pick<ObservationEvent, "at" | "is"> & { id: string };

/** Where observations live, and when each stack is looked at next. */
export interface Observing {
  /**
   * Takes a stack that is due and hides it from others for `holdMs`. One that is due in more than `mostMs` is due too: a clock was set
   * back. One that was never looked at is due in `firstMs` (default 0). `next` is when the next one is.
   */
  claimWatch(
    times: { holdMs: number; mostMs: number; firstMs?: number },
    now: number,
  ): Promise<{ watch?: Watch; next?: number }>;
  /**
   * Writes what a look came to, all of it or nothing. False when it does not count: another took the watch, an update is under way, or
   * what was looked at is not what is kept as left any more.
   */
  keepLook(kept: KeptLook, now: number): Promise<boolean>;
  /** Gives a watch back without a word about the stack. Nothing when another took it meanwhile. */
  postponeWatch(watch: Watch, next: number): Promise<void>;
  /** Every stack that is looked at. */
  watches(): Promise<Watch[]>;

  /** What is open of a stack, oldest first, and what comes next. */
  standing(stack: string): Promise<Standing>;
  /** What is open, of one stack or of all, oldest first. One that nobody confirmed yet is among them. */
  openObservations(stack?: string): Promise<Observation[]>;
  /** What is over of a stack, newest first; `before`: only what is older than the one of this id. */
  endedObservations(query: { stack: string; limit: number; before?: string }): Promise<Observation[]>;
  /** What was seen or confirmed at a time or later, oldest first. One that nobody confirmed yet is among them. */
  observationsSince(stack: string, since: number): Promise<Observation[]>;
  /** What happened to observations of a stack after a place, in order. */
  observationEvents(stack: string, after: EventPlace | undefined, limit: number): Promise<ObservationEvent[]>;
}
