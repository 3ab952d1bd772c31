import type { Database, Queries } from "../database/database.ts";
import { type Lease, StoreConflict } from "../store.ts";

/** Takes the stack for `owner` and raises its fence. The caller holds the stack's section and knows it is idle. */
export async function takeLease(
  queries: Queries,
  stack: string,
  owner: string,
  leaseMs: number,
  now: number,
): Promise<Lease> {
  const expiresAt = now + leaseMs;
  const [row] = await queries.query<{ fence: number }>(
    `INSERT INTO leases (stack, owner, fence, expires_at) VALUES ($1, $2, 1, $3)
     ON CONFLICT (stack) DO UPDATE SET owner = excluded.owner, fence = leases.fence + 1, expires_at = excluded.expires_at
     RETURNING fence`,
    [stack, owner, expiresAt],
  );
  if (!row) throw new Error(`the lease of ${stack} was not written`);
  return { stack, owner, fence: row.fence, expiresAt };
}

/** Whether somebody holds the stack. */
export async function isLeased(queries: Queries, stack: string, now: number): Promise<boolean> {
  const rows = await queries.query("SELECT stack FROM leases WHERE stack = $1 AND expires_at > $2", [stack, now]);
  return rows.length > 0;
}

/** Prolongs the lease unless it was taken by another or given back. One that only ran out is still ours. */
export async function renewLease(db: Database, lease: Lease, leaseMs: number, now: number): Promise<boolean> {
  const rows = await db.query(
    "UPDATE leases SET expires_at = $4 WHERE stack = $1 AND owner = $2 AND fence = $3 RETURNING stack",
    [lease.stack, lease.owner, lease.fence, now + leaseMs],
  );
  return rows.length > 0;
}

/** Gives the stack back; does nothing when the lease is no longer ours. The fence stays, so that it only grows. */
export async function releaseLease(db: Database, lease: Lease): Promise<void> {
  await db.query("UPDATE leases SET owner = NULL, expires_at = 0 WHERE stack = $1 AND owner = $2 AND fence = $3", [
    lease.stack,
    lease.owner,
    lease.fence,
  ]);
}

/** Gives back leases that are held by owners of whom `isGone` knows that they run no more. Returns their stacks. */
export async function releaseGone(db: Database, isGone: (owner: string) => boolean, now: number): Promise<string[]> {
  const held = await db.query<Lease & { expires_at: number }>(
    "SELECT stack, owner, fence, expires_at FROM leases WHERE owner IS NOT NULL AND expires_at > $1 ORDER BY stack",
    [now],
  );
  const gone = held.filter(({ owner }) => isGone(owner));
  for (const lease of gone) await releaseLease(db, lease);
  return gone.map(({ stack }) => stack);
}

/** Throws StoreConflict unless the lease is of this stack and still ours. */
export async function checkFence(queries: Queries, stack: string, lease: Lease): Promise<void> {
  const rows = await queries.query("SELECT stack FROM leases WHERE stack = $1 AND owner = $2 AND fence = $3", [
    lease.stack,
    lease.owner,
    lease.fence,
  ]);
  if (stack !== lease.stack || rows.length === 0) {
    throw new StoreConflict(`the lease of ${stack} (fence ${lease.fence}) was lost: nothing was written`);
  }
}
