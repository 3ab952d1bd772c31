import type { RunView } from "../../automation/api/views.ts";
import type { Cause, ServiceOutcome } from "../../automation/domain/run.ts";

type CauseView = NonNullable<RunView["cause"]>;

function toCause({ code, message, hint, log }: CauseView): Cause {
  return { code: code as Cause["code"], message, hint, ...(log ? { logTail: log } : {}) };
}

/** The services of a run as the rest of the CLI knows them; `only` narrows to these and what failed. */
export function toOutcomes(run: RunView, only: string[] | null = null): ServiceOutcome[] {
  return run.outcomes
    .filter(({ service, cause }) => only === null || only.includes(service) || cause !== undefined)
    .map(({ service, result, reason, seconds, addresses, first_login: login, allows, cause }) => ({
      service,
      result,
      reason,
      ...(seconds === undefined ? {} : { seconds }),
      ...(addresses ? { addresses } : {}),
      ...(login ? { firstLogin: login } : {}),
      ...(allows ? { allows } : {}),
      ...(cause ? { cause: toCause(cause) } : {}),
    }));
}
