import type { LeftResource, Look, ProvenContainers } from "../../components/look/left.ts";

/** The file that tells the providers of a release which containers a look saw last, and when. */
export const PROVEN = "DOCKMASTER_PROVEN";

/** Which process each container surely was, and when, by the last look at what was left. Pure. */
export function provenContainers(
  resources: readonly LeftResource[],
  { proven }: Pick<Look, "proven">,
): ProvenContainers {
  const all = resources.flatMap((resource) =>
    resource.type === "service" ? Object.entries(resource.containers ?? {}) : [],
  );
  return Object.fromEntries(
    all.flatMap(([name, { id, startedAt, restarts }]) => {
      const at = proven[name];
      return at === undefined ? [] : [[name, { id, startedAt, restarts, at }] as const];
    }),
  );
}
