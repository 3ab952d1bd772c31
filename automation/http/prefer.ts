/** Seconds to wait, from `Prefer: wait=<s>` (RFC 7240); `fallback` when it says nothing, never more than `most`. */
export function parseWait(prefer: string | undefined, fallback: number, most: number): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? "")?.[1];
  return Math.min(seconds === undefined ? fallback : Number(seconds), most);
}
