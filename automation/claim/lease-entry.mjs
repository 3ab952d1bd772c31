// Where the thread of leases begins. Code that was compiled once is taken from where the runner keeps it: a thread does not do that by
// itself, and what strips types would cost it 16 MiB.
import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";

const { compiled } = /** @type {{ compiled?: string }} */ (workerData);
if (compiled) enableCompileCache(compiled);
await import("./lease-thread.ts");
