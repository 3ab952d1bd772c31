import { wordKeys, wordRestarts } from "../finding.ts";

/** What a look can find. `restarted` is an event: what was restarted runs again. All others last until somebody ends them. */
export const OBSERVATION_KINDS = ["changed", "unhealthy", "restarted", "replaced", "gone"] as const;
export type ObservationKind = (typeof OBSERVATION_KINDS)[number];

/** A container that an observation is about, as it was seen last. */
export interface ObservedContainer {
  container: string;
  /** `exited`, `unhealthy`, `restarting`, `restarted`, … */
  is: string;
  /** Of `restarted`: how often Docker started it again after it ended by itself; 0: somebody, or its server, started it. */
  times?: number;
  /** Its last start, RFC 3339 by the server's clock. */
  startedAt?: string;
  /** Of its last end, where Docker still knows it. */
  exitCode?: number;
}

/** Something that is, or was, not as the last update left it. Times are milliseconds since the epoch. */
export interface Observation {
  id: string;
  stack: string;
  service: string;
  kind: ObservationKind;
  /** Which parts differ, by the names that drift has, or which containers; empty: the service as a whole. */
  parts: string[];
  containers: ObservedContainer[];
  /** The run that left what it differs from. */
  run: string;
  seenAt: number;
  /** When a second look saw it too: only then it counts, and is told. */
  confirmedAt: number | null;
  /** When it was seen to be over. */
  endedAt: number | null;
  /** Of `restarted`: when it was last seen to be started again. */
  lastAt?: number;
}

/** How many names one sentence has. */
const MOST_NAMES = 20;

/** What was found, in the words that previews, drift checks and answers have for it, without the service's name. */
export function wordObservation({
  kind,
  parts,
  containers,
}: Pick<Observation, "kind" | "parts" | "containers">): string {
  switch (kind) {
    case "changed":
      return wordKeys("drift", few(parts)).join("");
    case "gone":
      return parts.length === 0
        ? "gone from Dokploy"
        : few(parts.map((name) => `${name}: has no container`)).join(", ");
    case "unhealthy":
      return few(containers.map(wordTrouble)).join(", ");
    case "restarted":
    case "replaced":
      return containers.map((each) => wordStart(each, kind === "replaced")).join("; ");
  }
}

function wordTrouble({ container, is, exitCode }: ObservedContainer): string {
  return `${container}: ${is}${exitCode === undefined || is !== "exited" ? "" : ` (${exitCode})`}`;
}

/** Docker does not always say when. */
function wordStart({ container, times = 0, startedAt = "", exitCode }: ObservedContainer, replaced: boolean): string {
  const at = Date.parse(startedAt);
  if (Number.isNaN(at)) return `${container} was ${replaced ? "made" : "started"} again`;
  const code = exitCode === undefined ? {} : { exitCode };
  return wordRestarts([{ container, times, at, ...code, ...(replaced && { replaced }) }], undefined).join("; ");
}

function few(names: string[]): string[] {
  const more = names.length - MOST_NAMES;
  return more > 0 ? [...names.slice(0, MOST_NAMES), `and ${more} more`] : names;
}

/** `redis: drift: env.REDIS_ARGS`. */
export function describeObservation(
  observation: Pick<Observation, "service" | "kind" | "parts" | "containers">,
): string {
  return `${observation.service}: ${wordObservation(observation)}`;
}

/** How a look at a stack came out. `unknown`: it could not be told, which is no finding. */
export const LOOK_VERDICTS = ["left", "found", "starting", "unknown"] as const;
export type LookVerdict = (typeof LOOK_VERDICTS)[number];

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
