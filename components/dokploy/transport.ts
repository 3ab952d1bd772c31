import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, type Call, type DokployError, isHtml, toConnectionError, toDokployError } from "./errors.ts";
import { exchange, type NoAnswer, openConnections } from "./exchange.ts";
import { openSlots } from "./slots.ts";

export interface TransportOptions {
  /** Origin, and a path when Dokploy lives below one; without `/api`. */
  url: string;
  apiKey: string;
  /** Requests at once; more wait for their turn. Default 8. */
  concurrency?: number;
  /** Milliseconds until a request without an answer counts as failed. Default 15 000; writes get twice as long. */
  timeout?: number;
  /** Milliseconds before the first repetition; doubles each time, with jitter. Default 200. */
  backoff?: number;
}

/** How a call may be carried out. Creates, deployments and deletions are never repeated blindly: their answer may only be lost. */
export interface CallOptions {
  /** May be sent again when no good answer came. Always so for GET. */
  idempotent?: boolean;
  /** Milliseconds, for calls that wait for Docker. */
  timeout?: number;
}

export interface Transport {
  get(procedure: string, query?: Record<string, string>): Promise<unknown>;
  post(procedure: string, body: object, options?: CallOptions): Promise<unknown>;
  /** Leaves its connections. Calls that still run fail. */
  close(): void;
}

const ATTEMPTS = 5;
const LONGEST_PAUSE = 3_000;

/**
 * Opens the one connection pool to a Dokploy server. Calls resolve to the parsed JSON, or undefined for an empty body,
 * and reject with a {@link DokployError}.
 */
export function openTransport(options: TransportOptions): Transport {
  const base = new URL(options.url);
  const prefix = base.pathname.replace(/\/+/g, "/").replace(/\/$/, "");
  const timeout = options.timeout ?? 15_000;
  const backoff = options.backoff ?? 200;
  const concurrency = options.concurrency ?? 8;
  // Dokploy closes idle connections after 5 s; leaving them first keeps a write from meeting a closed one.
  const connections = openConnections(base, concurrency, 4_000);
  const slots = openSlots(concurrency);
  let worked = false;

  async function once(call: Call, target: URL, body: string | undefined, limit: number): Promise<unknown> {
    let answer: Answer;
    try {
      const headers: Record<string, string> = { "x-api-key": options.apiKey, accept: "application/json" };
      if (body !== undefined) headers["content-type"] = "application/json";
      const signal = AbortSignal.timeout(limit);
      answer = await exchange(target, { method: call.method, headers, body, signal, connections });
    } catch (error) {
      throw toConnectionError(call, options.url, error as NoAnswer);
    }
    if (answer.status < 200 || answer.status > 299 || isHtml(answer)) throw toDokployError(call, answer, worked);
    worked = true;
    try {
      return answer.text === "" ? undefined : JSON.parse(answer.text);
    } catch {
      throw toDokployError(call, { ...answer, status: 502 }, worked);
    }
  }

  async function send(call: Call, target: URL, body: string | undefined, limit: number, idempotent: boolean) {
    let left = 2 * limit;
    for (let attempt = 1; ; attempt++) {
      // Its time begins with its turn: reads that wait behind long deletions are not late.
      const release = await slots.take();
      const since = Date.now();
      try {
        return await once(call, target, body, limit);
      } catch (error) {
        const { kind, ambiguous } = error as DokployError;
        const harmless = kind === "transient" && (idempotent || !ambiguous);
        left -= Date.now() - since;
        if (!harmless || attempt === ATTEMPTS || left < 0) throw error;
      } finally {
        release();
      }
      const pause = Math.min(backoff * 2 ** (attempt - 1), LONGEST_PAUSE) * (0.5 + Math.random() / 2);
      left -= pause;
      await sleep(pause);
    }
  }

  /** Set part by part: a text that begins with two slashes would name another server. */
  function addressOf(procedure: string, search = ""): URL {
    const url = new URL(base);
    url.pathname = `${prefix}/api/${procedure}`;
    url.search = search;
    return url;
  }

  return {
    get(procedure, query = {}) {
      const target = addressOf(procedure, new URLSearchParams(query).toString());
      return send({ method: "GET", procedure, server: options.url }, target, undefined, timeout, true);
    },
    post(procedure, body, { idempotent = false, timeout: own = 2 * timeout } = {}) {
      const call: Call = { method: "POST", procedure, server: options.url };
      return send(call, addressOf(procedure), JSON.stringify(body), own, idempotent);
    },
    close: () => connections.destroy(),
  };
}
