import { RequestError } from "../errors.ts";

/** A source may send so many requests at once, and so many per second on average. */
export interface Rate {
  burst: number;
  perSecond: number;
}

/** How many sources are remembered; beyond that the ones that were quiet longest are forgotten. */
const SOURCES = 10_000;

/**
 * A limit per source, as a bucket of tokens that fills again by and by. `take` throws RequestError `rate_limited` when
 * the bucket is empty. `now` is in milliseconds.
 */
export function createRateLimit({ burst, perSecond }: Rate): { take(source: string, now: number): void } {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (source, now) => {
      const bucket = buckets.get(source) ?? { tokens: burst, at: now };
      const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
      // What is refused costs nothing: else who asks again too soon would never be let in.
      const left = tokens < 1 ? tokens : tokens - 1;
      // Put last: the order of the map is the order of the last use.
      buckets.delete(source);
      buckets.set(source, { tokens: left, at: now });
      for (const oldest of buckets.keys()) {
        if (buckets.size <= SOURCES) break;
        buckets.delete(oldest);
      }
      if (tokens < 1) {
        throw new RequestError("rate_limited", undefined, { retryAfter: Math.ceil((1 - tokens) / perSecond) });
      }
    },
  };
}
