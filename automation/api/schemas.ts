import { z } from "zod";
import { hasHidden, LINE_PATTERN, LINES_PATTERN } from "../../text/characters.ts";
import { RELEASE_TAG } from "../domain/releases/release-tag.ts";
import { ANSWERED_BY, OUTAGES_OF, RUN_STATES, SERVICE_RESULTS } from "../domain/run.ts";
import { kindsWith, type RunKind } from "../domain/run-kinds.ts";
import { LOOK_VERDICTS, OBSERVATION_KINDS } from "../domain/watching/observation.ts";
import { confirmedView, confirmingView, gate, holdView, timestamp } from "./views.ts";

/** A release tag. */
export const tag = z
  .string("must be a release tag like v1.2.3")
  .regex(
    RELEASE_TAG,
    "must be a release tag like v1.2.3, of at most six digits a part; branches and commits are not taken",
  );

export const env = z
  .string("must name an environment, e.g. staging")
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must name an environment, e.g. staging")
  .refine((name) => name !== "bootstrap", "bootstrap is updated by people, not by the runner")
  .meta({ not: { const: "bootstrap" } });

const service = z
  .string("must be a service's name")
  .regex(/^(platform\/)?(\d+\.)?[a-z][a-z0-9_-]{0,62}$/, "must be a service's name, e.g. postgres")
  .transform((name) => name.replace(/^platform\//, "").replace(/^\d+\./, ""));

const services = z.array(service, "must be a list of services").min(1, "must name at least one service").max(200);

/** Others read it in terminals, chats and Git. The pattern is for the document; beyond it lies what only a few programs know. */
const NO_HIDDEN = "must not hold control characters, or others that are not seen or turn a text around";

export const person = z
  .string("must say who asks")
  .regex(/\S/, "must say who asks")
  .trim()
  .min(1, "must say who asks")
  .max(200)
  .regex(LINE_PATTERN, { error: NO_HIDDEN, abort: true })
  .refine((text) => !hasHidden(text), NO_HIDDEN)
  .describe("one line without control characters");

export const reason = z
  .string("must be a text")
  .max(1000)
  .regex(LINES_PATTERN, { error: NO_HIDDEN, abort: true })
  .refine((text) => !hasHidden(text, { lines: true }), NO_HIDDEN)
  .describe("without control characters; it may have lines");

/** Sorted and without repetitions, so that equal requests are seen to be equal. */
const giveUp = z
  .array(
    z
      .string("must be a volume's full name")
      .regex(/^[^\s,]{1,255}$/, "must be a volume's full name, e.g. platform-redis-data-staging")
      .regex(LINE_PATTERN, { error: NO_HIDDEN, abort: true })
      .refine((name) => !hasHidden(name), NO_HIDDEN),
    "must be a list of volumes",
  )
  .max(200)
  .transform((names) => [...new Set(names)].sort());

/** Has an engine look, also where nothing is to do. */
const full = z.boolean("must be true or false").optional();

/** What told how the stack is: a look at Dokploy where nothing was to do, or an engine. */
const by = z.enum(ANSWERED_BY).optional();

/** The same rule as JSON Schema, which knows nothing of `refine`. */
function eitherOf(...names: string[]): { oneOf: { required: string[] }[] } {
  return { oneOf: names.map((name) => ({ required: [name] })) };
}

/** `POST /deploy`. */
const deployBody = z.strictObject({
  env,
  tag,
  triggered_by: person,
  services: services.optional(),
  rollback: z.boolean("must be true or false").optional(),
  reason: reason.optional(),
  /** Full names of volumes that containers may start without in this run. */
  give_up: giveUp.optional(),
  full,
});

/** `POST /sync`: what to report; the stack is brought to its release as a whole. */
const syncBody = z
  .strictObject({
    env: env.default("staging"),
    services: services.optional(),
    all: z.literal(true, "must be true").optional(),
    triggered_by: person.default("sync"),
    reason: reason.optional(),
    /** Full names of volumes that containers may start without in this run. */
    give_up: giveUp.optional(),
    full,
  })
  .refine((body) => (body.services === undefined) !== (body.all === undefined), 'must have either "services" or "all"')
  .meta(eitherOf("services", "all"));

const commit = z
  .string("must be a full commit id")
  .regex(/^[0-9a-f]{40}$/, "must be a full commit id: 40 small hex digits");

/** `POST /preview`. */
const previewBody = z
  .strictObject({
    env,
    tag: tag.optional(),
    commit: commit.optional(),
    triggered_by: person.optional(),
    /** Full names of volumes that containers may start without. */
    give_up: giveUp.optional(),
  })
  .refine((body) => (body.tag === undefined) !== (body.commit === undefined), 'must have either "tag" or "commit"')
  .meta(eitherOf("tag", "commit"));

/** `POST /drift`. */
const driftBody = z.strictObject({ env, triggered_by: person.default("drift"), full });

/** The request for each kind of run. */
export const RUN_BODIES = {
  deploy: deployBody,
  sync: syncBody,
  preview: previewBody,
  drift: driftBody,
} satisfies Record<RunKind, z.ZodType>;

/** A checked request for a run. */
export type RunBody<Kind extends RunKind> = z.output<(typeof RUN_BODIES)[Kind]>;

/** `POST /runs/:id/cancel`. */
export const cancelBody = z.strictObject({});

/** `GET /runs`. */
export const runsQuery = z.strictObject({
  env: env.optional(),
  state: z.enum(RUN_STATES).optional(),
  kind: z.enum(kindsWith()).optional(),
  limit: z.coerce.number("must be a number").int().min(1).max(200).default(20),
  /** Id of the last run of the page before. */
  before: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
});

/** `Last-Event-ID` of `/runs/:id/events`. */
export const eventId = z.coerce.number().int().min(0);

/** `Last-Event-ID` of `/stacks/:env/observations`: when, what, of which. */
export const observationPlace = z
  .string()
  .regex(/^\d{1,15}\.(confirmed|over)\.[\w-]{1,64}$/)
  .transform((text) => {
    const [at, is, id] = text.split(".") as [string, "confirmed" | "over", string];
    return { at: Number(at), is, id };
  });

/** The parameter of `/runs/:id`. */
export const runId = z.string().regex(/^[\w-]{1,64}$/);

const cause = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  log: z.array(z.string()).optional(),
});

/** The first user of a service that was just made, where it has one, and the command that shows the password. */
const firstLogin = z.object({ user: z.string().optional(), secret: z.string(), command: z.string() });

const outcome = z.object({
  service: z.string(),
  result: z.enum(SERVICE_RESULTS),
  reason: z.string(),
  seconds: z.number().optional(),
  /** One for each route of a service that runs. */
  addresses: z.array(z.string()).optional(),
  first_login: firstLogin.optional(),
  /** What its compose file allows itself beyond its containers (`x-dockmaster`), each with its place and reason. */
  allows: z.array(z.string()).optional(),
  cause: cause.optional(),
  well: z.boolean().nullable().optional(),
});

/** What a run waits for, because it comes back by itself. */
export const waiting = z.object({
  for: z.enum(OUTAGES_OF),
  /** When it was first seen to be away. */
  since: timestamp,
  /** When the run is given up. */
  until: timestamp.nullable(),
  next_try: timestamp.nullable(),
  /** "Dokploy is away since …" */
  message: z.string(),
});

/** A run, as every answer about runs shows it. */
export const runView = z.object({
  id: z.string(),
  kind: z.enum(kindsWith()),
  env: z.string(),
  tag: z.string().nullable(),
  commit: z.string(),
  state: z.enum(RUN_STATES),
  services: z.array(z.string()).nullable(),
  rollback: z.boolean(),
  /** Full names of volumes that containers could start without in this run, where some were given up. */
  give_up: z.array(z.string()).optional(),
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
  /** An engine was asked for, also where nothing is to do. */
  full: z.literal(true).optional(),
  by,
  /** Only while it waits for something. */
  waiting: waiting.optional(),
  /** Only while something holds it back. */
  gate: gate.optional(),
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

/** How a stack was when it was last looked at. */
export const watchView = z.object({
  /** `left`: as the last update left it. `unknown`: that could not be told. `not_watched`: nobody looks, `why` says why. */
  state: z.enum([...LOOK_VERDICTS, "not_watched"]),
  /** Since when looks have come out so. */
  since: timestamp.nullable(),
  looked_at: timestamp.nullable(),
  why: z.string().optional(),
  /** How many findings are open. */
  findings: z.number(),
});

/** One environment of `GET /stacks`. Null is "not known". */
export const stackView = z.object({
  env: z.string(),
  tag: z.string().nullable(),
  commit: z.string().nullable(),
  /** When that release came. */
  since: timestamp.nullable(),
  /** Whether its services are healthy, by what looked at them last: a look, or a deploy, sync or drift check; null when that could not tell. */
  healthy: z.boolean().nullable(),
  /** Whether the last look or drift check found something; null when an update came after it. */
  drift: z.boolean().nullable(),
  /** Commits of the main branch that the release lacks. */
  behind_by: z.number().nullable(),
  /** What a deploy or sync of the stack waits for; absent while none does. */
  waiting: waiting.optional(),
  /** Who holds the stack, oldest first: what goes forward waits. */
  holds: z.array(holdView).optional(),
  /** The newest deploy or sync that is held back; absent while none is. */
  held_back: z.object({ run: z.string(), tag: z.string().nullable(), commit: z.string() }).optional(),
  /** The release that was confirmed last: it ran well for as long as `promotion:watch` says. Null: none was. */
  confirmed: confirmedView.nullable().optional(),
  /** What became of the last update's release since: being watched, or how that came out. Null: nothing was begun yet. */
  confirming: confirmingView.nullable().optional(),
  watch: watchView.optional(),
});

/** `GET /stacks`. */
export const stacksAnswer = z.object({ stacks: z.array(stackView) });

/** Something that looks found. */
export const observationView = z.object({
  id: z.string(),
  env: z.string(),
  service: z.string(),
  kind: z.enum(OBSERVATION_KINDS),
  /** Which parts differ, or which containers; empty: the service as a whole. */
  parts: z.array(z.string()),
  /** In words, as drift checks have them. */
  found: z.string(),
  /** Of containers: how they are, how often they were started again, how they ended. */
  containers: z
    .array(
      z.object({
        container: z.string(),
        is: z.string(),
        times: z.number().optional(),
        started_at: z.string().optional(),
        exit_code: z.number().optional(),
      }),
    )
    .optional(),
  /** The run that left what it differs from. */
  run: z.string(),
  seen_at: timestamp,
  /** When a second look saw it too; null: not yet, and nothing is told before. */
  confirmed_at: timestamp.nullable(),
  /** When it was over; null: it is not. */
  ended_at: timestamp.nullable(),
});

/** `GET /stacks/:env/observations`. */
export const observationsQuery = z.strictObject({
  limit: z.coerce.number("must be a number").int().min(1).max(200).default(20),
  /** Id of the last of `ended` of the page before. */
  before: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
});

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
