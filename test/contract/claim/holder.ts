// A runner's hold on one stack, in a process of its own: `holder.ts <databaseUrl> thread|loop`. Told `{block: ms}` its event loop stands
// still for that long. Says when it holds the stack, when it is back, and when the run is stopped and why.

import { holdLease } from "../../../automation/claim/lease.ts";
import { createLeaseKeeper } from "../../../automation/claim/lease-keeper.ts";
import { createLog } from "../../../automation/log.ts";
import { openStore } from "../../../automation/store/open.ts";
import { LEASE } from "../store/requests.ts";

const [url = "", how = "", timeout = "3600000"] = process.argv.slice(2);
const store = await openStore(url);
const log = createLog("error", (line) => line);
const keeper = how === "thread" ? createLeaseKeeper(url, log) : undefined;
const claim = await store.claim("holder", LEASE, Date.now());
if (!claim) throw new Error("there is nothing to claim");

const stop = new AbortController();
stop.signal.addEventListener("abort", () => process.send?.({ stopped: stop.signal.reason }));
const config = { runTimeoutMs: Number(timeout) };
const letGo = holdLease({ store, log, config, now: Date.now, ...(keeper ? { keeper } : {}) }, claim, stop);
process.on("message", async (order: { block: number } | "end") => {
  if (order === "end") {
    letGo();
    await keeper?.stop();
    await store.release(claim.lease, Date.now());
    await store.close();
    process.disconnect();
    return;
  }
  for (const end = performance.now() + order.block; performance.now() < end; );
  process.send?.({ back: true, left: claim.lease.expiresAt - Date.now() });
});
process.send?.({ holds: claim.run.id });
