import type { Run } from "../domain/run.ts";

/** What people want to hear of. */
export type NoticeEvent = RunNotice | HoldNotice | ReleaseNotice | WatchNotice;

/** What a run's end, or that it waits, is worth telling. */
export type RunNotice =
  | "failed"
  | "recovered"
  | "drift"
  | "production_deployed"
  | "waiting"
  | "resumed"
  | "look_wrong"
  | "rolled_back";

/** That a stack is held, and that it is not any more. */
export type HoldNotice = "held" | "hold_ended";

/** What became of a release after its update; `rollback_refused`: it is in trouble, and a person has to decide. */
export type ReleaseNotice = "confirmed" | "trouble" | "rollback_refused";

/** What looks find: something is not as it was left, that is over, the runner brings it back no more. */
export type WatchNotice = "found" | "over" | "heal_stopped";

/** Something worth telling, in words: of a run, or of a stack with whatever there is to know besides, for programs. */
export type Message = { event: NoticeEvent; text: string } & (
  | { run: Run; facts?: Record<string, unknown> }
  | { run?: undefined; env: string; facts: Record<string, unknown> }
);

/** A way to tell people: a POST of JSON to an address. */
export interface Channel {
  /** The variable that holds the address. Who knows it may write there, so it is a secret. */
  variable: `NOTIFY_${string}`;
  /** What is behind the address, for the documentation. */
  docs: string;
  /** The body of the request. It waits in the outbox until it is sent, also by a later release: forms that were sent stay. */
  toRequest(message: Message): object;
}
