import type { Run } from "../domain/run.ts";

/** What people want to hear of. */
export type NoticeEvent =
  | "failed"
  | "recovered"
  | "drift"
  | "production_deployed"
  | "waiting"
  | "resumed"
  | "look_wrong";

/** Something worth telling, in words. */
export interface Message {
  event: NoticeEvent;
  run: Run;
  text: string;
}

/** A way to tell people: a POST of JSON to an address. */
export interface Channel {
  /** The variable that holds the address. Who knows it may write there, so it is a secret. */
  variable: `NOTIFY_${string}`;
  /** What is behind the address, for the documentation. */
  docs: string;
  /** The body of the request. It waits in the outbox until it is sent, also by a later release: forms that were sent stay. */
  toRequest(message: Message): object;
}
