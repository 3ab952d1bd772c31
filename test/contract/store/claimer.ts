import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "../../../automation/store/open.ts";

/**
 * A runner in a process of its own, called as `claimer.ts <databaseUrl> <owner> finish|hold`: claims until told to
 * end and reports when it held each stack. With `hold` it never finishes what it claimed.
 */
const [url, owner, mode] = process.argv.slice(2);
if (!url || !owner) throw new Error("usage: claimer.ts <databaseUrl> <owner> finish|hold");

const LEASE_MS = 60_000;
const store = await openStore(url);
let ending = false;
process.on("message", () => {
  ending = true;
});
process.send?.({ ready: true });

while (!ending) {
  const claimed = await store.claim(owner, LEASE_MS, Date.now());
  if (!claimed) {
    await delay(5);
    continue;
  }
  const { run, lease } = claimed;
  const from = process.hrtime.bigint();
  await delay(5);
  const to = process.hrtime.bigint();
  if (mode !== "hold") {
    await store.transition(run.id, "succeed", {}, Date.now(), lease);
    await store.release(lease, Date.now());
  }
  process.send?.({ stack: run.stack, run: run.id, fence: lease.fence, from: String(from), to: String(to) });
}
await store.close();
process.disconnect();
