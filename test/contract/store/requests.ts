import type { RunRequest } from "../../../automation/domain/run.ts";
import type { Claim, Store } from "../../../automation/store/store.ts";

/** A moment in 2026, so that ids and rows hold times of today's size. */
export const T0 = 1_780_000_000_000;

/** How long a lease is in these tests, in milliseconds. */
export const LEASE = 30_000;

/** A full commit id made of one repeated character. */
export function commit(letter: string): string {
  return letter.repeat(40);
}

/** A deploy of `v1.0.1` to staging unless said otherwise. */
export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    kind: "deploy",
    stack: "staging",
    tag: "v1.0.1",
    commit: commit("a"),
    services: null,
    rollback: false,
    triggeredBy: "ada",
    reason: null,
    requestId: "req-1",
    ...changes,
  };
}

/** Claims and expects that there is work. */
export async function mustClaim(store: Store, owner: string, now: number): Promise<Claim> {
  const claimed = await store.claim(owner, LEASE, now);
  if (!claimed) throw new Error("there was nothing to claim");
  return claimed;
}

/** Accepts, claims and finishes one run, so that the stack has that release. */
export async function succeed(store: Store, changes: Partial<RunRequest>, now: number): Promise<string> {
  const { run } = await store.accept(request(changes), now);
  const { lease } = await mustClaim(store, "setup", now);
  await store.transition(run.id, "succeed", {}, now, lease);
  await store.release(lease, now);
  return run.id;
}
