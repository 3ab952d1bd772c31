import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { EngineCheckResult } from "../socket/messages.ts";
import { type Connection, connectWorker, type Files } from "./connection.ts";

/** How soon a worker that is away is tried again, and how long at most it may take to say who it is, in milliseconds. */
const AGAIN = [100, 250, 500, 1_000, 2_000];
const HELLO_WITHIN = 10_000;

/** How long one that is away is waited for before it is said to be, in milliseconds. */
const SOON = 5_000;

/** One engine worker, however it is reached. */
export interface EngineSource {
  /** The stack that it gets runs of; `*`: any that no other has. */
  stack: string;
  /** Opens a socket to it. Rejects while it is away. */
  open(): Promise<Duplex>;
}

/** What a worker is handed when it comes. */
export type Welcome = (connection: Connection, stack: string) => Promise<void>;

/** The engine workers of this runner. */
export interface Engines {
  /** The one that serves a stack, as soon as it is there. Rejects with the signal's reason. */
  find(stack: string, signal: AbortSignal): Promise<Connection>;
  /** Whether the one that serves a stack is there now. */
  isThere(stack: string): boolean;
  /** How something that they lean on is, by the stack that each serves; null: it is away. */
  check(name: string): Promise<Map<string, EngineCheckResult | null>>;
  stop(): void;
}

/** Connects to engine workers, and again whenever one was away. */
export function connectEngines(sources: readonly EngineSource[], on: Files & { log: Log; welcome: Welcome }): Engines {
  const stopping = new AbortController();
  const there = new Map<string, Connection>();
  let waiting: (() => void)[] = [];
  const keyOf = (stack: string) => (sources.some((source) => source.stack === stack) ? stack : "*");

  const connect = async ({ stack, open }: EngineSource): Promise<Connection> => {
    const socket = await open();
    const late = setTimeout(() => socket.destroy(new Error("it does not say who it is")), HELLO_WITHIN);
    try {
      const connection = await connectWorker(socket, on);
      // What it is handed then may be large.
      clearTimeout(late);
      const { stacks } = connection.hello;
      if (stack !== "*" && stacks !== null && !stacks.includes(stack)) {
        connection.close();
        throw new Error(`it serves ${stacks.join(", ")}, and ENGINES says ${stack}`);
      }
      await on.welcome(connection, stack);
      return connection;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
    }
  };
  const keep = async (source: EngineSource) => {
    const { stack } = source;
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const connection = await connect(source);
        if (stopping.signal.aborted) return connection.close();
        failures = 0;
        there.set(stack, connection);
        on.log.info({ event: "engine.connected", stack, host: connection.hello.host });
        for (const tell of waiting.splice(0)) tell();
        const reason = await connection.gone;
        there.delete(stack);
        if (!stopping.signal.aborted) on.log.warn({ event: "engine.gone", stack, reason });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        // One that starts with the runner may come a little later.
        if (failures === AGAIN.length) on.log.error({ event: "engine.away", stack, reason });
        failures += 1;
      }
      await delay(AGAIN[Math.min(failures, AGAIN.length - 1)], undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  for (const source of sources) void keep(source);

  const find = async (stack: string, signal: AbortSignal): Promise<Connection> => {
    for (;;) {
      signal.throwIfAborted();
      const connection = there.get(keyOf(stack));
      if (connection) return connection;
      const next = Promise.withResolvers<void>();
      const leave = () => next.reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      waiting.push(next.resolve);
      try {
        await next.promise;
      } finally {
        signal.removeEventListener("abort", leave);
        waiting = waiting.filter((tell) => tell !== next.resolve);
      }
    }
  };

  return {
    isThere: (stack) => there.has(keyOf(stack)),
    find,
    check: async (name) => {
      const asked = sources.map(async ({ stack }): Promise<[string, EngineCheckResult | null]> => {
        const connection = await find(stack, AbortSignal.timeout(SOON)).catch(() => undefined);
        return [stack, connection ? await connection.check(name).catch(() => null) : null];
      });
      return new Map(await Promise.all(asked));
    },
    stop: () => {
      stopping.abort();
      for (const connection of there.values()) connection.close();
    },
  };
}
