import type { ServiceOutcome } from "../../automation/domain/run.ts";
import { loginCommand } from "../../automation/domain/way-in.ts";

/** Where the services of a stack are, and how to sign in to those that are new. */
export function formatWaysIn(stack: string, outcomes: readonly ServiceOutcome[]): string[] {
  return outcomes.flatMap(({ service, addresses = [], firstLogin }) => [
    ...(addresses.length > 0 ? [`  ${service}: ${addresses.join("  ")}`] : []),
    ...(firstLogin
      ? [
          `  ${service}'s first login: ${firstLogin.user === undefined ? "" : `${firstLogin.user}, `}its password: ${loginCommand(stack, service, firstLogin)}`,
        ]
      : []),
  ]);
}
