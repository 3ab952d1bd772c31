import { z } from "zod";
import {
  by,
  cause,
  firstLogin,
  gate,
  holdView,
  observationView,
  runView,
  stackView,
  timestamp,
  waiting,
  watchView,
} from "./views.ts";

/** `GET /runs`. */
export const runsAnswer = z.object({ runs: z.array(runView), next: z.string().nullable() });

const common = {
  env: z.string(),
  tag: z.string().nullable(),
  commit: z.string(),
  run: z.string(),
  timestamp,
  duplicate: z.literal(true).optional(),
};

const reported = {
  deployed_services: z.array(z.string()),
  changed_services: z.array(z.string()),
  unchanged_services: z.array(z.string()),
  removed_services: z.array(z.string()).optional(),
  /** Why each service was touched or left. */
  reasons: z.record(z.string(), z.string()),
  /** Of each service whose compose file allows itself something beyond its containers: what, where and why. */
  allows: z.record(z.string(), z.array(z.string())).optional(),
  /** Of each service that runs and has routes. */
  addresses: z.record(z.string(), z.array(z.string())).optional(),
  /** Of each service that was just made and has a first login. */
  first_logins: z.record(z.string(), firstLogin).optional(),
};

/** `POST /deploy`, 200: brought to the release. */
export const successAnswer = z.object({ status: z.literal("success"), ...common, by, ...reported });

/** `POST /deploy`, 200: something newer is there. */
export const supersededAnswer = z.object({
  status: z.literal("superseded"),
  ...common,
  superseded_by: z.string(),
  message: z.string(),
  hint: z.string(),
});

/** `POST /deploy`, 500: failed or canceled. */
export const failedAnswer = z.object({
  status: z.enum(["failed", "canceled"]),
  ...common,
  by,
  ...reported,
  cause,
  failed_services: z.array(z.object({ service: z.string(), ...cause.shape })),
  skipped_services: z.array(z.string()),
});

/** `POST /deploy`, 202: the time to wait is over, the run goes on. */
export const inProgressAnswer = z.object({
  status: z.literal("in_progress"),
  ...common,
  status_url: z.string(),
  waiting: waiting.optional(),
});

/** `POST /deploy`, `POST /sync`, 202: accepted, and held back until somebody lifts the hold or its time is over. */
export const heldAnswer = z.object({ status: z.literal("waiting"), ...common, status_url: z.string(), gate });

/** `POST /preview`, 200: what a deploy would do. Nothing was changed. */
export const previewAnswer = z.object({
  status: z.literal("success"),
  ...common,
  by,
  changed_services: z.array(z.string()),
  unchanged_services: z.array(z.string()),
  removed_services: z.array(z.string()).optional(),
  reasons: z.record(z.string(), z.string()),
  allows: reported.allows,
});

/** `POST /drift`, 200: what was changed by hand. Nothing was repaired. */
export const driftAnswer = z.object({
  status: z.literal("success"),
  ...common,
  by,
  drift: z.boolean(),
  drifted_services: z.array(z.string()),
  reasons: z.record(z.string(), z.string()),
});

/** `GET /stacks`. */
export const stacksAnswer = z.object({ stacks: z.array(stackView) });

/** `POST /holds`: the hold, and what is under way on the stack and goes on. */
export const holdAnswer = holdView.extend({
  duplicate: z.literal(true).optional(),
  /** A deploy or sync that had begun already: cancel it where it shall not go on. */
  under_way: z.string().nullable(),
});

/** `GET /holds`: those that count now, oldest first. */
export const holdsAnswer = z.object({ holds: z.array(holdView) });

/** `GET /stacks/:env/observations`: what is open, all of it; then what is over, newest first. */
export const observationsAnswer = z.object({
  env: z.string(),
  watch: watchView,
  open: z.array(observationView),
  ended: z.array(observationView),
  next: z.string().nullable(),
});

/** An event of the stream of a stack's observations. */
export const observationEvent = z.object({ at: timestamp, data: observationView });

/** Any error. */
export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string(), requestId: z.string() }),
});

/** `GET /health`. */
export const healthAnswer = z.object({
  status: z.enum(["healthy", "degraded"]),
  version: z.string(),
  /** Seconds since the start. */
  uptime: z.number(),
  checks: z.record(z.string(), z.enum(["ok", "broken", "unknown"])),
});

/** `GET /health/live`. */
export const liveAnswer = z.object({ status: z.enum(["healthy", "degraded"]) });
