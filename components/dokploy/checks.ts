import { showLine } from "../../text/characters.ts";
import { type CheckResult, runChecks } from "./api/checks/run-checks.ts";
import type { Context } from "./context.ts";
import type { Check } from "./rules/checks/check.ts";
import { checksDuring } from "./rules/checks/during.ts";
import { ServiceError } from "./rules/service-error.ts";

/**
 * Runs the checks of a release to their ends. Throws `check_failed` with all that did not hold: those that failed, else those of which
 * nobody can tell.
 */
export async function requireChecks(
  service: string,
  checks: readonly Check[],
  { prometheus }: Pick<Context, "prometheus">,
): Promise<void> {
  const results = await runChecks(checksDuring(checks, "release"), prometheus ? { prometheus } : {});
  const failed = results.filter(({ phase }) => phase === "Failed");
  if (failed.length > 0) {
    throw new ServiceError(
      "check_failed",
      `${service} runs but does not answer as it should: ${failed.map(say).join("; ")}`,
      "look at route, certificate and the container's log; the next update checks again",
    );
  }
  const untold = results.filter(({ phase }) => phase !== "Successful");
  if (untold.length === 0) return;
  const away = untold.every(({ phase }) => phase === "Error");
  throw new ServiceError(
    "check_failed",
    `${service} runs, and nobody can tell whether it works as it should: ${untold.map(say).join("; ")}`,
    away
      ? "look at PROMETHEUS_URL and the query; the next update checks again"
      : "inconclusive is no success: look at the service, then update again, or move the conditions; the next update checks again",
  );
}

function say({ check, phase, message }: CheckResult): string {
  return `${showLine(check)} ${phase === "Inconclusive" ? "is inconclusive: " : ""}${showLine(message)}`;
}
