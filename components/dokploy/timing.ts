/** How long the provider waits for what, in milliseconds. */
export interface Timing {
  /** A third of the first pause before a look at a deployment. */
  poll: number;
  /** Pause between looks at containers; half of the shortest one between looks at a deployment that did not end at once. */
  pollMax: number;
  /** Longest pause between looks at a deployment; `pollMax` unless given. */
  pollLong?: number;
  /** Neither a deployment nor a queue entry for so long: the queue was lost. */
  lost: number;
  /** The same for a deployment whose request got no answer: it may never have arrived. */
  unanswered: number;
  /** Dokploy may be away for so long while a deployment is waited for (it restarts in about 70 s). */
  outage: number;
  /** The queue may stand still for so long before somebody else's job counts as hanging. */
  stalled: number;
  /** Longest extension of a deadline while the job's log still grows. */
  grace: number;
  /** Containers that say they are healthy must have run for so long at most. */
  settle: number;
  /** Containers without a health check must have run for so long. */
  settleSilent: number;
  /** No container is listed after a deployment for so long: there is none. */
  unseen: number;
  /** Containers of a deleted compose may still be there for so long. */
  removal: number;
}

export const DEFAULT_TIMING: Timing = {
  poll: 100,
  pollMax: 500,
  pollLong: 10_000,
  lost: 10_000,
  unanswered: 4_000,
  outage: 120_000,
  stalled: 15 * 60_000,
  grace: 30_000,
  settle: 3_000,
  settleSilent: 3_000,
  unseen: 5_000,
  removal: 10_000,
};
