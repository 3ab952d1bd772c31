import { RequestError } from "../errors.ts";

/** A source may send so many requests at once, and so many per second on average. */
export interface Rate {
  burst: number;
  perSecond: number;
}

/** How many sources are remembered; beyond that the ones that were quiet longest are forgotten. */
const SOURCES = 10_000;

/** A limit per source, as a bucket of tokens that fills again by and by. `now` is in milliseconds. */
export interface RateLimit {
  /** Takes one token. Throws RequestError `rate_limited` when there is none. */
  take(source: string, now: number): void;
  /** Takes more for what a request turned out to be; a source may owe as much as a full bucket holds. */
  charge(source: string, tokens: number, now: number): void;
}

/** Makes a limit. */
export function createRateLimit({ burst, perSecond }: Rate): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const fill = (source: string, now: number): number => {
    const bucket = buckets.get(source) ?? { tokens: burst, at: now };
    return Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
  };
  const put = (source: string, tokens: number, now: number) => {
    // Put last: the order of the map is the order of the last use.
    buckets.delete(source);
    buckets.set(source, { tokens, at: now });
    for (const oldest of buckets.keys()) {
      if (buckets.size <= SOURCES) break;
      buckets.delete(oldest);
    }
  };
  return {
    take: (source, now) => {
      const tokens = fill(source, now);
      // What is refused costs nothing: else who asks again too soon would never be let in.
      put(source, tokens < 1 ? tokens : tokens - 1, now);
      if (tokens < 1) {
        throw new RequestError("rate_limited", undefined, { retryAfter: Math.ceil((1 - tokens) / perSecond) });
      }
    },
    charge: (source, tokens, now) => put(source, Math.max(-burst, fill(source, now) - tokens), now),
  };
}
