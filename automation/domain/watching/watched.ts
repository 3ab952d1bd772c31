import type { LookVerdict, Observation, ObservationKind } from "./observation.ts";

/** Kinds that say that a service does not run as it should. */
const ILL: readonly ObservationKind[] = ["unhealthy", "gone"];
/** Kinds that say that somebody changed something. */
const CHANGED: readonly ObservationKind[] = ["changed", "replaced", "gone"];

/**
 * How a stack is by the last look at it: whether its services are healthy, and whether something was changed by hand. Only what was
 * confirmed counts. Undefined where the look could not tell.
 */
export function assessWatched(
  verdict: LookVerdict | null | undefined,
  open: readonly Pick<Observation, "kind" | "confirmedAt">[],
): { healthy: boolean; drift: boolean } | undefined {
  if (verdict !== "left" && verdict !== "found") return undefined;
  const kinds = open.filter(({ confirmedAt }) => confirmedAt !== null).map(({ kind }) => kind);
  return { healthy: !kinds.some((kind) => ILL.includes(kind)), drift: kinds.some((kind) => CHANGED.includes(kind)) };
}
