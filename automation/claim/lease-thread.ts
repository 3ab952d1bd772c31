// Renews leases from a thread of its own, over a connection of its own, so that they are kept while the runner's event loop is busy.
import { parentPort, workerData } from "node:worker_threads";
import type { Database } from "../store/database/database.ts";
import { openConnection } from "../store/open.ts";
import { renewLease } from "../store/run/lease.ts";
import { HEARTBEAT, HUNG, type KeptLease, LEASE, type LeaseOrder } from "./lease-signs.ts";

const { databaseUrl } = workerData as { databaseUrl: string };
const kept = new Map<number, KeptLease & { busy?: boolean }>();

let database: Database | undefined;

async function renew(id: number): Promise<void> {
  const each = kept.get(id);
  if (!each || each.busy) return;
  const [, sign = 0] = each.signs;
  const now = Date.now();
  // Who hangs for good holds no stack for good.
  if (now - sign > HUNG) return;
  each.busy = true;
  try {
    database ??= await openConnection(databaseUrl);
    // The runner itself finds out that it was lost, and ends the run.
    if (!(await renewLease(database, each.lease, LEASE, now))) kept.delete(id);
    else each.signs[0] = Math.max(each.signs[0] ?? 0, now + LEASE);
  } catch (error) {
    parentPort?.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  } finally {
    each.busy = false;
  }
}

const heart = setInterval(() => {
  for (const id of kept.keys()) void renew(id);
}, HEARTBEAT);

parentPort?.on("message", (order: LeaseOrder) => {
  if ("keep" in order) {
    kept.set(order.id, order.keep);
    void renew(order.id);
  } else if ("letGo" in order) kept.delete(order.letGo);
  else {
    clearInterval(heart);
    parentPort?.close();
    void database?.close();
  }
});
