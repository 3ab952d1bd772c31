import { setTimeout as sleep } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import { dropConnection } from "../faults/request-faults.ts";

/** A time in which connections are taken and nothing is answered, as by a Dokploy that still starts. */
export interface Silence {
  /** Begins one of so many milliseconds, in place of one that still lasts. Resolves at its end; 0 is none. */
  begin(ms: number): Promise<void>;
  /** Holds requests for as long as it lasts and breaks their connections then: nobody has seen them. */
  handler: MiddlewareHandler;
}

/** `closed` ends every silence. */
export function createSilence(closed: AbortSignal): Silence {
  let lasting: { over: Promise<void>; end: AbortController } | undefined;
  return {
    async begin(ms) {
      lasting?.end.abort();
      lasting = undefined;
      if (ms === 0 || closed.aborted) return;
      const end = new AbortController();
      const signal = AbortSignal.any([end.signal, closed]);
      const own = { end, over: sleep(ms, undefined, { signal }).catch(() => undefined) };
      lasting = own;
      await own.over;
      if (lasting === own) lasting = undefined;
    },
    async handler(c, next) {
      if (lasting === undefined) return await next();
      await lasting.over;
      return dropConnection(c);
    },
  };
}
