import type { Restart } from "./engine-record.ts";

/** One container as the provider saw it, by its outputs. */
interface Seen {
  id: string;
  startedAt: number;
  restarts: number;
  exitCode: number | undefined;
}

/**
 * Containers that were started again between two looks of the provider, by name. Both sides are outputs as they come: a provider of
 * another release may keep something else, and what is not understood is not compared.
 */
export function findRestarts(before: unknown, after: unknown): Restart[] {
  const [old, now] = [parseContainers(before), parseContainers(after)];
  return [...now].flatMap(([container, seen]) => {
    const was = old.get(container);
    return was === undefined ? [] : compare(container, was, seen);
  });
}

function compare(container: string, was: Seen, now: Seen): Restart[] {
  const code = now.exitCode === undefined ? {} : { exitCode: now.exitCode };
  const replaced = now.id !== was.id;
  if (!replaced && now.startedAt === was.startedAt && now.restarts === was.restarts) return [];
  return [{ container, times: timesBetween(was, now), at: now.startedAt, ...code, ...(replaced && { replaced }) }];
}

/** How often Docker started a container again by itself between two looks. */
export function timesBetween(was: Pick<Seen, "id" | "restarts">, now: Pick<Seen, "id" | "restarts">): number {
  // Docker counts from nothing again in another container, and after somebody, or its own start, started this one.
  return now.id === was.id && now.restarts >= was.restarts ? now.restarts - was.restarts : now.restarts;
}

function parseContainers(value: unknown): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  if (typeof value !== "object" || value === null) return seen;
  for (const [name, container] of Object.entries(value)) {
    const { id, startedAt, restarts, exitCode } = (container ?? {}) as Record<string, unknown>;
    const at = typeof startedAt === "string" ? Date.parse(startedAt) : Number.NaN;
    if (typeof id !== "string" || typeof restarts !== "number" || Number.isNaN(at)) continue;
    seen.set(name, { id, startedAt: at, restarts, exitCode: typeof exitCode === "number" ? exitCode : undefined });
  }
  return seen;
}
