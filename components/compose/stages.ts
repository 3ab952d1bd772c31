import type { PlainFile } from "./normalise.ts";

/** How many waits `docker compose up --wait --wait-timeout N` may do one after another: N counts per stage, not for the whole. */
export function countStages(compose: PlainFile): number {
  const depths = new Map<string, number>();
  const depth = (key: string): number => {
    const known = depths.get(key);
    if (known !== undefined) return known;
    depths.set(key, 1);
    const below = Object.keys(compose.services[key]?.depends_on ?? {}).map(depth);
    const own = 1 + Math.max(0, ...below);
    depths.set(key, own);
    return own;
  };
  return Math.max(1, ...Object.keys(compose.services).map(depth));
}
