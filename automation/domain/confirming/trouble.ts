import { whatWasDone } from "../carry.ts";
import type { CauseCode, Run, ServiceOutcome } from "../run.ts";
import { describeObservation, type Observation } from "../watching/observation.ts";

/** That a release is not well: in words, and whether the release itself can be blamed, so that another one may help. */
export interface Trouble {
  why: string;
  ofRelease: boolean;
}

/** Failures of an update that say that the release is at fault, whatever was done before. */
const OF_RELEASE: CauseCode[] = ["deployment_failed", "unhealthy", "check_failed"];

/** Those that any release would have met just then, so that going back would help nobody. */
const OF_OTHERS: CauseCode[] = [
  "dokploy_auth",
  "dokploy_unreachable",
  "dokploy_elsewhere",
  "docker_unreachable",
  "vault_denied",
  "vault_unreachable",
  "stack_locked",
];

/**
 * That an update failed. The release is at fault where a service of it could not be brought to run; an update that ended in the middle
 * for a reason of its own has to have changed something.
 */
export function troubleOfFailure({ cause, outcomes }: Pick<Run, "cause" | "outcomes">): Trouble {
  const why = cause ? `the update failed: ${cause.code}: ${cause.message}` : "the update failed";
  const codes = [...(cause ? [cause.code] : []), ...outcomes.flatMap((outcome) => outcome.cause?.code ?? [])];
  if (codes.some((code) => OF_RELEASE.includes(code))) return { why, ofRelease: true };
  const others = codes.some((code) => OF_OTHERS.includes(code));
  return { why, ofRelease: !others && (whatWasDone(outcomes).length > 0 || outcomes.some(isBroken)) };
}

function isBroken({ result }: ServiceOutcome): boolean {
  return result === "failed" || result === "canceled";
}

/**
 * What observations since a release's update say of it; null: nothing that matters. What people change by hand is drift, no trouble; a
 * container that somebody made again, or that was started again without having ended by itself (its server started), keeps the release
 * from being confirmed and is no fault of it. Only what a second look confirmed counts.
 */
export function troubleOfObservations(observations: readonly Observation[]): Trouble | null {
  const counted = observations.filter(({ kind, confirmedAt }) => kind !== "changed" && confirmedAt !== null);
  if (counted.length === 0) return null;
  const blamed = counted.filter(isOfRelease);
  const told = blamed.length > 0 ? blamed : counted;
  return { why: told.map(describeObservation).join("; "), ofRelease: blamed.length > 0 };
}

function isOfRelease({ kind, containers }: Observation): boolean {
  if (kind === "restarted") return containers.some(({ times = 0 }) => times > 0);
  return kind === "unhealthy" || kind === "gone";
}

/** Whether something was seen that a second look has to confirm first, or that is not over: until then nothing is confirmed. */
export function isPending(observations: readonly Observation[]): boolean {
  return observations.some(
    ({ kind, confirmedAt, endedAt }) => kind !== "changed" && confirmedAt === null && endedAt === null,
  );
}
