import { z } from "zod";
import { CONFIRMATION_STATES } from "../domain/confirming/confirmation.ts";

/** A moment, in ISO 8601. */
export const timestamp = z.iso.datetime();

/** What holds a run back that could go on otherwise. */
export const gate = z.object({
  kind: z.literal("hold"),
  /** Of the hold. */
  id: z.string(),
  by: z.string(),
  reason: z.string(),
  /** When it ends by itself; null: when somebody lifts it. */
  until: timestamp.nullable(),
});

/** A stack on which nothing goes forward. */
export const holdView = z.object({
  id: z.string(),
  env: z.string(),
  by: z.string(),
  reason: z.string(),
  made_at: timestamp,
  /** When it ends by itself; null: when somebody lifts it. */
  until: timestamp.nullable(),
  /** Of a hold that the runner made by itself: the release that was taken back. Whoever asks for a newer one ends it. */
  taken_back: z.object({ run: z.string(), tag: z.string().nullable(), commit: z.string() }).nullable(),
  ended_at: timestamp.nullable(),
  /** Who lifted it, or that its time was over. */
  ended_by: z.string().nullable(),
});

/** The release of a stack that was confirmed last. */
export const confirmedView = z.object({ tag: z.string().nullable(), commit: z.string(), at: timestamp });

/** What becomes of a release after its update. */
export const confirmingView = z.object({
  run: z.string(),
  tag: z.string().nullable(),
  commit: z.string(),
  /** `begun`: nobody decided yet · `watching` until it is `confirmed` or meets `trouble` · `unwatched`, `unknown`: `why` tells. */
  state: z.enum(CONFIRMATION_STATES),
  since: timestamp,
  /** When it will be confirmed, or was to be; null: nobody watches. */
  until: timestamp.nullable(),
  ended_at: timestamp.nullable(),
  why: z.string().optional(),
  /** Of trouble: the run that brings the release before back, or why none does. */
  rollback: z
    .object({ run: z.string().optional(), hold: z.string().optional(), refused: z.string().optional() })
    .optional(),
});
