import { z } from "zod";

/** A release tag. */
export const tag = z
  .string("must be a release tag like v1.2.3")
  .regex(/^v\d+\.\d+\.\d+$/, "must be a release tag like v1.2.3; branches and commits are not taken");

const env = z
  .string("must name an environment, e.g. staging")
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must name an environment, e.g. staging")
  .refine((name) => name !== "bootstrap", "bootstrap is updated by people, not by the runner");

const service = z
  .string("must be a service's name")
  .regex(/^(platform\/)?(\d+\.)?[a-z][a-z0-9_-]{0,62}$/, "must be a service's name, e.g. postgres")
  .transform((name) => name.replace(/^platform\//, "").replace(/^\d+\./, ""));

const services = z.array(service, "must be a list of services").min(1, "must name at least one service").max(200);

const person = z.string("must say who asks").trim().min(1, "must say who asks").max(200);

/** `POST /deploy`. */
export const deployBody = z.strictObject({
  env,
  tag,
  triggered_by: person,
  services: services.optional(),
  rollback: z.boolean("must be true or false").optional(),
  reason: z.string("must be a text").max(1000).optional(),
});

/** A checked `POST /deploy`. */
export type DeployBody = z.output<typeof deployBody>;

const RUN_STATES = ["queued", "waiting", "running", "succeeded", "failed", "canceled", "superseded"] as const;
const RUN_KINDS = ["deploy", "sync", "preview", "drift"] as const;

/** `GET /runs`. */
export const runsQuery = z.strictObject({
  env: env.optional(),
  state: z.enum(RUN_STATES).optional(),
  kind: z.enum(RUN_KINDS).optional(),
  limit: z.coerce.number("must be a number").int().min(1).max(200).default(20),
  /** Id of the last run of the page before. */
  before: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
});

/** The parameter of `/runs/:id`. */
export const runId = z.string().regex(/^[\w-]{1,64}$/);

const timestamp = z.iso.datetime();

const cause = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  log: z.array(z.string()).optional(),
});

const outcome = z.object({
  service: z.string(),
  result: z.enum(["created", "changed", "unchanged", "deleted", "retained", "failed", "skipped", "canceled"]),
  reason: z.string(),
  seconds: z.number().optional(),
  cause: cause.optional(),
});

/** A run, as every answer about runs shows it. */
export const runView = z.object({
  id: z.string(),
  kind: z.enum(RUN_KINDS),
  env: z.string(),
  tag: z.string().nullable(),
  commit: z.string(),
  state: z.enum(RUN_STATES),
  services: z.array(z.string()).nullable(),
  rollback: z.boolean(),
  triggered_by: z.string(),
  reason: z.string().nullable(),
  request_id: z.string(),
  created_at: timestamp,
  started_at: timestamp.nullable(),
  finished_at: timestamp.nullable(),
  /** Seconds from start to end. */
  duration: z.number().nullable(),
  attempts: z.number(),
  outcomes: z.array(outcome),
  cause: cause.nullable(),
  superseded_by: z.string().nullable(),
});

/** A run in an answer. */
export type RunView = z.output<typeof runView>;

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
};

/** `POST /deploy`, 200: brought to the release. */
export const successAnswer = z.object({ status: z.literal("success"), ...common, ...reported });

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
  ...reported,
  cause,
  failed_services: z.array(z.object({ service: z.string(), ...cause.shape })),
  skipped_services: z.array(z.string()),
});

/** `POST /deploy`, 202: the time to wait is over, the run goes on. */
export const inProgressAnswer = z.object({ status: z.literal("in_progress"), ...common, status_url: z.string() });

/** Any error. */
export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string(), requestId: z.string() }),
});

const check = z.object({ status: z.enum(["ok", "broken", "unknown"]), detail: z.string().optional() });

/** `GET /health`. */
export const healthAnswer = z.object({
  status: z.enum(["healthy", "degraded"]),
  version: z.string(),
  /** Seconds since the start. */
  uptime: z.number(),
  checks: z.record(z.string(), check),
});
