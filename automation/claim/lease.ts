import type { Log } from "../log.ts";
import type { Claim, Store } from "../store/store.ts";
import type { StopReason } from "../work/perform.ts";

/** How long a stack stays ours without a sign of life, and how often we give one, in milliseconds. */
export const LEASE = 8_000;
const HEARTBEAT = 2_000;

/** What a lease is held with. */
export interface Holding {
  store: Store;
  config: {
    /** How long a run may take, in milliseconds. */
    runTimeoutMs: number;
  };
  log: Log;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Renews the lease and watches for a cancel request, the run's time limit and the loss of the lease. Returns what ends that. */
export function holdLease(
  { store, config, now, log }: Holding,
  { run, lease }: Claim,
  stop: AbortController,
): () => void {
  const abort = (reason: StopReason) => {
    if (!stop.signal.aborted) log.info({ event: "run.stopped", run: run.id, reason });
    stop.abort(reason);
  };
  let renewed = now();
  const beat = async () => {
    const at = now();
    try {
      if (!(await store.renew(lease, LEASE, at))) return abort("lease");
      renewed = at;
      lease.expiresAt = at + LEASE;
      if (await store.cancelRequested(run.id)) abort("cancel");
    } catch (err) {
      log.error({ event: "lease.not_renewed", err, run: run.id });
      // Another worker may take the stack from now on.
      if (now() - renewed > LEASE) abort("lease");
    }
  };
  const heart = setInterval(beat, HEARTBEAT);
  // Counted from here, not from the first start: a runner that was away for an hour has not used the run's time.
  const limit = setTimeout(() => abort("timeout"), config.runTimeoutMs);
  void beat();
  return () => {
    clearInterval(heart);
    clearTimeout(limit);
  };
}
