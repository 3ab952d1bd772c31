import { setTimeout as sleep } from "node:timers/promises";
import { type NoAnswer, openConnections, request } from "../../../tools/outgoing/request.mjs";
import {
  type Answer,
  type Call,
  type DokployError,
  isHtml,
  isUnclear,
  toConnectionError,
  toDokployError,
} from "./errors.ts";

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
  /** Times that a call which may be repeated is sent before its failure counts. Default 5. */
  attempts?: number;
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

/** Pause before a call that was refused without a word is sent again, in first pauses: a short rate limit has passed by then. */
const DOUBT = 5;

/** What every key may ask. */
const HARMLESS = "settings.getDokployVersion";

/** A refusal that may be about the key or about a right, as what it is when it is about a right. */
class Unclear extends Error {
  readonly refusal: DokployError;

  constructor(refusal: DokployError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

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
  const attempts = options.attempts ?? ATTEMPTS;
  // Dokploy closes idle connections after 5 s; leaving them first keeps a write from meeting a closed one.
  const connections = openConnections(base, concurrency, 4_000);
  const semaphore = createSemaphore(concurrency);
  let worked = false;

  async function once(call: Call, target: URL, body: string | undefined, limit: number): Promise<unknown> {
    let answer: Answer;
    try {
      const headers: Record<string, string> = { "x-api-key": options.apiKey, accept: "application/json" };
      if (body !== undefined) headers["content-type"] = "application/json";
      const init = { method: call.method, headers, timeoutMs: limit, connections, redirect: "answer" } as const;
      answer = await request(target, body === undefined ? init : { ...init, body });
    } catch (error) {
      throw toConnectionError(call, options.url, error as NoAnswer);
    }
    if (isUnclear(answer)) {
      // Whatever it is, the first of the two checks took the key.
      worked = true;
      throw new Unclear(toDokployError(call, answer, worked));
    }
    if (answer.status < 200 || answer.status > 299 || isHtml(answer)) throw toDokployError(call, answer, worked);
    worked = true;
    try {
      return answer.text === "" ? undefined : JSON.parse(answer.text);
    } catch {
      throw toDokployError(call, { ...answer, status: 502 }, worked);
    }
  }

  let asking: Promise<DokployError | undefined> | undefined;

  /** What is wrong with the key; undefined when it is taken. One question for all who doubt it at once. */
  function doubt(): Promise<DokployError | undefined> {
    const call: Call = { method: "GET", procedure: HARMLESS, server: options.url };
    asking ??= once(call, addressOf(HARMLESS), undefined, timeout)
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Unclear ? limited(call) : (error as DokployError)),
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  /** As a key is told that stopped working. */
  function limited(call: Call): DokployError {
    return toDokployError(call, { status: 401, contentType: "application/json", text: "{}" }, true);
  }

  /**
   * What a refusal was in the end; undefined: ask again. A rate limit passes, or is said in other words the next time; a missing right
   * stays, also right after the key was taken.
   */
  async function judge(call: Call, refusal: DokployError, times: number): Promise<DokployError | undefined> {
    if (times === 1) {
      await sleep(DOUBT * backoff);
      return undefined;
    }
    if (times === 3) return refusal;
    const trouble = await doubt();
    if (trouble === undefined) return undefined;
    return trouble.kind === "limited-key" ? limited(call) : trouble;
  }

  async function send(call: Call, target: URL, body: string | undefined, limit: number, idempotent: boolean) {
    let left = 2 * limit;
    let unclear = 0;
    for (let attempt = 1; ; attempt++) {
      // Its time begins with its turn: reads that wait behind long deletions are not late.
      const release = await semaphore.take();
      const since = Date.now();
      let refusal: DokployError | undefined;
      try {
        return await once(call, target, body, limit);
      } catch (error) {
        if (error instanceof Unclear) refusal = error.refusal;
        const { kind, ambiguous } = refusal ?? (error as DokployError);
        const harmless = kind === "transient" && (idempotent || !ambiguous);
        left -= Date.now() - since;
        if (refusal === undefined && (!harmless || attempt === attempts || left < 0)) throw error;
      } finally {
        release();
      }
      if (refusal !== undefined) {
        // Nothing was carried out: whatever refused it did so before the procedure began.
        const verdict = await judge(call, refusal, ++unclear);
        if (verdict !== undefined) throw verdict;
        continue;
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

/** A number of places of which each is taken by one at a time. */
interface Semaphore {
  /** Resolves when it is one's turn, first come, first served; with what gives the place back. */
  take(): Promise<() => void>;
}

function createSemaphore(count: number): Semaphore {
  const waiting: (() => void)[] = [];
  let free = count;
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return release;
    },
  };
}
