import { z } from "zod";
import { DRIFT_MODES, type GivenDrift, parseDrift } from "../dokploy/rules/drift-policy.ts";

const MODE =
  "`report`: what is changed by hand in Dokploy is told, and the next update puts it back. `heal`: the runner sees to that by itself, with a sync, at most three times an hour; then it only tells. On a laptop both are the same.";
const IGNORE =
  "Parts that may differ from what is said here, by the names that `drift` has: `env.LOG_LEVEL`, `settings.autoDeploy`, `domains.app.example.org/`, all of `env`, `settings` or `domains`, `name`, `composeFile`. What a hand makes of them is no drift, and updates keep it, until the program itself changes that part.";

/**
 * `drift` of a stack or a service: a word, or a map of both keys. Its mistakes are found by what everybody reads it with, so the schema
 * only shows the reference what there is.
 */
export function driftSetting(also: string) {
  return z
    .unknown()
    .superRefine((value, { addIssue }) => {
      for (const { path, message, hint } of parseDrift(value).mistakes) {
        addIssue({ code: "custom", path, message: `${message}; ${hint}` });
      }
    })
    .transform((value): GivenDrift => parseDrift(value).given)
    .optional()
    .meta({
      description: `What becomes of what people change in Dokploy by hand: a mode alone, or the keys below. ${also}`,
      type: "`report`, `heal`, map",
      properties: {
        mode: { type: "string", enum: DRIFT_MODES, default: "report", description: MODE },
        ignore: { type: "array", default: [], description: IGNORE },
      },
    });
}
