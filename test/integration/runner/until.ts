import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `look` answers something; fails with `what` after `ms`. */
export async function until<T>(
  what: string,
  ms: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (const end = Date.now() + ms; ; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${ms / 1000} s in vain until ${what}`);
    await sleep(100);
  }
}
