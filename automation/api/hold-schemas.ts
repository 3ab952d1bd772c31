import { z } from "zod";
import { env, person, reason } from "./schemas.ts";
import { holdView } from "./views.ts";

/** `POST /holds`. */
export const holdBody = z.strictObject({
  env,
  /** Why nothing shall go forward: shown wherever something waits for it. */
  reason: reason.trim().min(1, "must say why nothing shall go forward"),
  /** When it ends by itself; until somebody lifts it unless given. */
  until: z.iso
    .datetime({ offset: true, error: "must be a moment, e.g. 2026-01-31T12:00:00Z" })
    .transform((text) => Date.parse(text))
    .optional(),
  triggered_by: person.default("somebody"),
});

/** `POST /holds/:id/lift`. */
export const liftBody = z.strictObject({ triggered_by: person.default("somebody") });

/** `GET /holds`. */
export const holdsQuery = z.strictObject({ env: env.optional() });

/** `POST /holds`: the hold, and what is under way on the stack and goes on. */
export const holdAnswer = holdView.extend({
  duplicate: z.literal(true).optional(),
  /** A deploy or sync that had begun already: cancel it where it shall not go on. */
  under_way: z.string().nullable(),
});

/** `GET /holds`: those that count now, oldest first. */
export const holdsAnswer = z.object({ holds: z.array(holdView) });
