import type { CauseCode, Run, ServiceOutcome } from "./run.ts";
import { RUN_KINDS } from "./run-kinds.ts";

/** Failures that say something about a service. */
const ILL: readonly CauseCode[] = ["unhealthy", "deployment_failed", "check_failed"];

/** Failures for which nobody could look: they say nothing about the services. */
const UNKNOWN: readonly CauseCode[] = [
  "dokploy_unreachable",
  "dokploy_elsewhere",
  "docker_unreachable",
  "dokploy_auth",
  "vault_unreachable",
  "vault_denied",
  // A release, or a repository, that could not be used at all.
  "config_invalid",
  "stack_locked",
  "canceled",
];

/** What is looked at of a run. */
type Told = Pick<Run, "kind" | "state" | "outcomes" | "cause">;

/**
 * Whether the services of a stack run well, by the newest run that looked at them, an update or a drift check; null when it could not
 * tell.
 */
export function assessHealth({ kind, state, outcomes, cause }: Told): boolean | null {
  if (RUN_KINDS[kind].answers === "drift") return state === "succeeded" ? every(outcomes.map(isWell)) : null;
  if (state === "succeeded") return true;
  if (outcomes.some((outcome) => outcome.cause && ILL.includes(outcome.cause.code))) return false;
  return state === "canceled" || (cause && UNKNOWN.includes(cause.code)) ? null : false;
}

function every(each: (boolean | null)[]): boolean | null {
  if (each.includes(false)) return false;
  return each.includes(null) ? null : true;
}

/** Runs of older releases do not say it of each service. */
function isWell({ well, result }: ServiceOutcome): boolean | null {
  if (well !== undefined) return well;
  return result === "unchanged" ? true : result === "deleted" ? false : null;
}
