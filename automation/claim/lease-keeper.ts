import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../log.ts";
import type { Lease } from "../store/store.ts";
import type { LeaseOrder } from "./lease-signs.ts";

/** Renews leases whatever the event loop is busy with. */
export interface LeaseKeeper {
  /** Renews it until `letGo` is called, as long as `signOfLife` is called now and then; keeps its `expiresAt` up to date. */
  keep(lease: Lease): KeptHere;
  /** Ends the thread. */
  stop(): Promise<void>;
}

/** A lease that is being renewed. */
export interface KeptHere {
  signOfLife(now: number): void;
  letGo(): void;
}

/** How long the thread is kept with nothing to do, in milliseconds: at rest it would only cost memory. */
const IDLE = 60_000;

/** What it needs is little, in MiB; a bound keeps it from taking what the rest of the process may. */
const LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 };

/** Makes a keeper upon the store that `databaseUrl` names; its thread is started when the first lease is kept. */
export function createLeaseKeeper(databaseUrl: string, log: Pick<Log, "error">): LeaseKeeper {
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last = 0;
  const kept = new Map<number, LeaseOrder>();

  const start = (): Worker => {
    // Node answers its own folder within the one that it was given.
    const compiled = getCompileCacheDir();
    const started = new Worker(new URL("./lease-entry.mjs", import.meta.url), {
      workerData: { databaseUrl, compiled: compiled && dirname(compiled) },
      resourceLimits: LIMITS,
    });
    started.unref();
    const fail = (message: string) => log.error({ event: "lease.not_renewed", err: new Error(message), by: "thread" });
    started.on("message", ({ failed }: { failed: string }) => fail(failed));
    started.on("error", (error) => fail(error instanceof Error ? error.message : String(error)));
    started.on("exit", () => {
      if (thread !== started) return;
      thread = undefined;
      // It ended by a mistake: the next one goes on with what it kept.
      if (kept.size > 0) setTimeout(() => kept.size > 0 && tell(...kept.values()), 1_000).unref();
    });
    return started;
  };
  const tell = (...orders: LeaseOrder[]) => {
    const isNew = thread === undefined;
    thread ??= start();
    for (const order of isNew ? new Set([...kept.values(), ...orders]) : orders) thread.postMessage(order);
  };
  const end = () => {
    thread?.postMessage({ end: true } satisfies LeaseOrder);
    thread = undefined;
  };
  return {
    keep: (lease) => {
      clearTimeout(idle);
      const id = ++last;
      const signs = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
      signs.set([lease.expiresAt, Date.now()]);
      const order = { id, keep: { lease: { ...lease }, signs } };
      // Whoever reads it finds what the thread wrote last, however long the event loop was busy.
      Object.defineProperty(lease, "expiresAt", {
        get: () => signs[0],
        set: (until: number) => {
          signs[0] = until;
        },
        enumerable: true,
        configurable: true,
      });
      kept.set(id, order);
      tell(order);
      return {
        signOfLife: (now) => {
          signs[1] = now;
        },
        letGo: () => {
          if (!kept.delete(id)) return;
          thread?.postMessage({ letGo: id } satisfies LeaseOrder);
          if (kept.size === 0) idle = setTimeout(end, IDLE).unref();
        },
      };
    },
    stop: async () => {
      clearTimeout(idle);
      kept.clear();
      const ending = thread;
      end();
      if (ending) await new Promise<void>((resolve) => ending.once("exit", () => resolve()).ref());
    },
  };
}
