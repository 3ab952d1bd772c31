import { RequestError } from "../errors.ts";
import { createRateLimit, type Rate } from "./rate-limit.ts";

/** Further tokens that a wrong signature or token costs, and for each so many bytes of its body one more. */
const FAILURE_COST = 5;
const BYTES_PER_TOKEN = 64 * 1024;

/** Largest body that is read of a source that may send nothing more, to see whether it is signed rightly, in bytes. */
const CHECKED = 64 * 1024;

/** What of a request tells whether it can turn out to be one of ours. */
export interface Claimed {
  /** Whether it has a signature or a token, right or not. */
  signs: boolean;
  /** Bytes of its body; undefined when it does not say. */
  bytes: number | undefined;
}

/** How one request stands with its source's limit. */
export interface Admission {
  /** Its source has nothing left: unless it proves that it may ask, it is answered with this. */
  readonly owed: RequestError | undefined;
  /** Whether it did. */
  proven(): boolean;
  /** It is signed rightly, or has the token. Throws RequestError `rate_limited` when even those were too many. */
  prove(): void;
  /** Its signature or token is wrong. */
  fail(bytes: number): void;
}

/**
 * Lets requests of a source in as `rate` says. Who has the secret is not kept out by strangers behind the same address: what they left
 * over is not looked at, for there is a second bucket of the same size that only requests draw on which are signed rightly. `admit`
 * throws RequestError `rate_limited` for what cannot be one of those.
 */
export function createAdmissions(rate: Rate): { admit(source: string, request: Claimed, now: number): Admission } {
  const anybody = createRateLimit(rate);
  const signers = createRateLimit(rate);
  const takeOrOwe = (source: string, { signs, bytes }: Claimed, now: number): RequestError | undefined => {
    try {
      anybody.take(source, now);
      return undefined;
    } catch (error) {
      // To see what it is costs about as much as to refuse it.
      if (error instanceof RequestError && signs && bytes !== undefined && bytes <= CHECKED) return error;
      throw error;
    }
  };
  return {
    admit: (source, request, now) => {
      const owed = takeOrOwe(source, request, now);
      let proven = false;
      return {
        owed,
        proven: () => proven,
        prove: () => {
          if (owed) signers.take(source, now);
          proven = true;
        },
        fail: (bytes) => anybody.charge(source, FAILURE_COST + Math.floor(bytes / BYTES_PER_TOKEN), now),
      };
    },
  };
}
