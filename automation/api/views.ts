import { z } from "zod";
import { CONFIRMATION_STATES } from "../domain/confirming/confirmation.ts";
import { ANSWERED_BY, OUTAGES_OF, RUN_STATES, SERVICE_RESULTS } from "../domain/run.ts";
import { kindsWith } from "../domain/run-kinds.ts";
import { LOOK_VERDICTS, OBSERVATION_KINDS } from "../domain/watching/observation.ts";

/** A moment, in ISO 8601. */
export const timestamp = z.iso.datetime();

export const cause = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  log: z.array(z.string()).optional(),
});

/** The first user of a service that was just made, where it has one, and the command that shows the password. */
export const firstLogin = z.object({ user: z.string().optional(), secret: z.string(), command: z.string() });

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

/** What told how the stack is: a look at Dokploy where nothing was to do, or an engine. */
export const by = z.enum(ANSWERED_BY).optional();

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
