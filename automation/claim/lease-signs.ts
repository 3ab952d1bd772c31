import type { Lease } from "../store/store.ts";

/** How long a stack stays ours without a sign of life, and how often we give one, in milliseconds. */
export const LEASE = 8_000;
export const HEARTBEAT = 2_000;

/** How long the runner's event loop may stand still before it counts as hung and its leases are let run out, in milliseconds. */
export const HUNG = 60_000;

/** A lease that the thread renews. */
export interface KeptLease {
  lease: Lease;
  /** In memory that both sides see: until when the stack is ours, and when the event loop last gave a sign of life. */
  signs: Float64Array;
}

/** What the thread is told. */
export type LeaseOrder = { id: number; keep: KeptLease } | { letGo: number } | { end: true };
