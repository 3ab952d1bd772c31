import type { Log } from "../log.ts";
import type { Claim, Store } from "../store/store.ts";
import type { StopReason } from "../work/perform.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { HEARTBEAT, LEASE } from "./lease-signs.ts";

/** What a lease is held with. */
export interface Holding {
  store: Store;
  config: {
    /** How long a run may take, in milliseconds. */
    runTimeoutMs: number;
  };
  log: Log;
  /** Renews it from a thread besides; without one a busy event loop may lose it. */
  keeper?: Pick<LeaseKeeper, "keep">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Renews the lease and watches for a cancel request, the run's time limit and the loss of the lease. Returns what ends that. */
export function holdLease(
  { store, config, now, log, keeper }: Holding,
  { run, lease }: Claim,
  stop: AbortController,
): () => void {
  const abort = (reason: StopReason) => {
    if (!stop.signal.aborted) log.info({ event: "run.stopped", run: run.id, reason });
    stop.abort(reason);
  };
  const kept = keeper?.keep(lease);
  let renewed = now();
  const beat = async () => {
    const at = now();
    kept?.signOfLife(at);
    try {
      if (!(await store.renew(lease, LEASE, at))) return abort("lease");
      renewed = at;
      lease.expiresAt = at + LEASE;
      if (await store.cancelRequested(run.id)) abort("cancel");
    } catch (err) {
      log.error({ event: "lease.not_renewed", err, run: run.id });
      // Another worker may take the stack from now on.
      if (now() - renewed > LEASE && now() > lease.expiresAt) abort("lease");
    }
  };
  const heart = setInterval(beat, HEARTBEAT);
  // Counted from here, not from the first start: a runner that was away for an hour has not used the run's time.
  const limit = setTimeout(() => abort("timeout"), config.runTimeoutMs);
  void beat();
  return () => {
    kept?.letGo();
    clearInterval(heart);
    clearTimeout(limit);
  };
}
