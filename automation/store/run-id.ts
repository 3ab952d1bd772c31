const COUNTER_LIMIT = 0xfff;

/**
 * The id of a run accepted at `now` after `previous`, the newest run of its stack: a UUIDv7 (RFC 9562), so that ids
 * sort by time and are safe in a URL. Within a stack every id is greater than the one before, also within one
 * millisecond and when a second runner's clock is behind: the order of ids is the order of acceptance.
 * `random` is 8 bytes.
 */
export function nextRunId(now: number, previous: string | undefined, random: Uint8Array): string {
  let time = now;
  let counter = 0;
  if (previous !== undefined && runIdTime(previous) >= now) {
    time = runIdTime(previous);
    counter = Number.parseInt(previous.slice(15, 18), 16) + 1;
    if (counter > COUNTER_LIMIT) {
      time += 1;
      counter = 0;
    }
  }
  const stamp = time.toString(16).padStart(12, "0");
  const tail = Buffer.from(random);
  tail.writeUInt8((tail.readUInt8(0) & 0x3f) | 0x80, 0);
  const rest = tail.toString("hex");
  return [
    stamp.slice(0, 8),
    stamp.slice(8),
    `7${counter.toString(16).padStart(3, "0")}`,
    rest.slice(0, 4),
    rest.slice(4),
  ].join("-");
}

/** The time inside an id, in milliseconds since the epoch. */
export function runIdTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
