import { RequestError } from "../errors.ts";

/** How many streams of events one reader may have open, and all together. */
const PER_READER = 16;
const IN_ALL = 128;

/** Counts streams that are open. */
export interface Streams {
  /** Counts one more; what it returns counts it off. Throws RequestError `too_many_streams`. */
  open(reader: string): () => void;
}

/** Makes a count per reader. */
export function createStreams(perReader = PER_READER, inAll = IN_ALL): Streams {
  const open = new Map<string, number>();
  let all = 0;
  return {
    open: (reader) => {
      const own = open.get(reader) ?? 0;
      if (own >= perReader || all >= inAll) throw new RequestError("too_many_streams", undefined, { retryAfter: 15 });
      open.set(reader, own + 1);
      all += 1;
      let closed = false;
      return () => {
        if (closed) return;
        closed = true;
        all -= 1;
        const left = (open.get(reader) ?? 1) - 1;
        if (left === 0) open.delete(reader);
        else open.set(reader, left);
      };
    },
  };
}
