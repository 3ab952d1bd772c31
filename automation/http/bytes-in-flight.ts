import { RequestError } from "../errors.ts";

/** Bodies up to this size are not counted: the bound on connections bounds them, so nobody can keep them out. In bytes. */
export const SMALL = 16 * 1024;

/** What a sender has to keep up with to hold its place once it is wanted by another, in bytes per second, after a second of grace. */
const PACE = 256 * 1024;
const GRACE = 1_000;

/** Room that a body holds while it comes in and is not known to be signed. */
export interface Hold {
  /** So many bytes of it have come. */
  add(bytes: number): void;
  /** Gives the room back. */
  release(): void;
}

/** Bounds the bytes of bodies that are on their way and not known to be signed. */
export interface BytesInFlight {
  /**
   * Makes room for a body of `bytes`. When there is none, senders that do not keep up lose theirs: `onLost` of theirs is called. Throws
   * RequestError `overloaded` when that is not enough. `now` is in milliseconds.
   */
  take(bytes: number, now: number, onLost: (error: RequestError) => void): Hold;
}

/** Whether a sender is behind what it has to keep up with. */
export function isSlow({ come, since }: { come: number; since: number }, now: number): boolean {
  return come < ((now - since - GRACE) / 1000) * PACE;
}

function overloaded(): RequestError {
  return new RequestError("overloaded", undefined, { retryAfter: 1 });
}

/** Makes room for so many bytes in all. */
export function createBytesInFlight(most: number): BytesInFlight {
  const held = new Set<{ bytes: number; come: number; since: number; lose(error: RequestError): void }>();
  let left = most;
  return {
    take: (bytes, now, onLost) => {
      if (bytes <= SMALL) return { add: () => {}, release: () => {} };
      const slow = [...held].filter((each) => isSlow(each, now));
      // Nobody loses its room for one that then does not fit all the same.
      if (bytes > slow.reduce((sum, each) => sum + each.bytes, left)) throw overloaded();
      for (const each of slow) {
        if (bytes <= left) break;
        each.lose(overloaded());
      }
      const release = () => {
        if (held.delete(own)) left += bytes;
      };
      const own = {
        bytes,
        come: 0,
        since: now,
        lose: (error: RequestError) => {
          release();
          onLost(error);
        },
      };
      held.add(own);
      left -= bytes;
      return {
        add: (more) => {
          own.come += more;
        },
        release,
      };
    },
  };
}
