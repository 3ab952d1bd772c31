import { z } from "zod";
import { hasHidden, LINE_PATTERN, LINES_PATTERN } from "../../text/characters.ts";
import { RELEASE_TAG } from "../domain/releases/release-tag.ts";
import { RUN_STATES } from "../domain/run.ts";
import { kindsWith, type RunKind } from "../domain/run-kinds.ts";

/** A release tag. */
const tag = z
  .string("must be a release tag like v1.2.3")
  .regex(
    RELEASE_TAG,
    "must be a release tag like v1.2.3, of at most six digits a part; branches and commits are not taken",
  );

const env = z
  .string("must name an environment, e.g. staging")
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must name an environment, e.g. staging")
  .refine((name) => name !== "bootstrap", "bootstrap is updated by people, not by the runner")
  .meta({ not: { const: "bootstrap" } });

const service = z
  .string("must be a service's name")
  .regex(/^(platform\/)?(\d+\.)?[a-z][a-z0-9_-]{0,62}$/, "must be a service's name, e.g. postgres")
  .transform((name) => name.replace(/^platform\//, "").replace(/^\d+\./, ""));

const services = z
  .array(service, "must be a list of services")
  .min(1, "must name at least one service")
  .max(200, "must be at most 200 services");

/** Others read it in terminals, chats and Git. The pattern is for the document; beyond it lies what only a few programs know. */
const NO_HIDDEN = "must not hold control characters, or others that are not seen or turn a text around";

const person = z
  .string("must say who asks")
  .regex(/\S/, "must say who asks")
  .trim()
  .min(1, "must say who asks")
  .max(200, "must be at most 200 characters")
  .regex(LINE_PATTERN, { error: NO_HIDDEN, abort: true })
  .refine((text) => !hasHidden(text), NO_HIDDEN)
  .describe("one line without control characters");

/** Why something is asked for. `missing`: what is said when it is no text. */
const reasonOr = (missing: string) =>
  z
    .string(missing)
    .max(1000, "must be at most 1000 characters")
    .regex(LINES_PATTERN, { error: NO_HIDDEN, abort: true })
    .refine((text) => !hasHidden(text, { lines: true }), NO_HIDDEN)
    .describe("without control characters; it may have lines");

const reason = reasonOr("must be a text");

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
  .max(200, "must be at most 200 volumes")
  .transform((names) => [...new Set(names)].sort());

/** Has an engine look, also where nothing is to do. */
const full = z.boolean("must be true or false").optional();

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

const PAGE = "must be a whole number from 1 to 200";
/** Entries of a page. */
const limit = z.coerce.number(PAGE).int(PAGE).min(1, PAGE).max(200, PAGE).default(20);

/** Where the page before ended. */
const before = z.string().regex(/^[\w-]{1,64}$/, "must be what `next` of the page before says");

/** `GET /runs`. */
export const runsQuery = z.strictObject({
  env: env.optional(),
  state: z.enum(RUN_STATES).optional(),
  kind: z.enum(kindsWith()).optional(),
  limit,
  /** Id of the last run of the page before. */
  before: before.optional(),
});

/** `Last-Event-ID` of `/runs/:id/events`. */
export const eventId = z.coerce.number().int().min(0);

/** The parameter of `/runs/:id`. */
export const runId = z.string().regex(/^[\w-]{1,64}$/);

const WHY = "must say why nothing shall go forward";

/** `POST /holds`. */
export const holdBody = z.strictObject({
  env,
  /** Why nothing shall go forward: shown wherever something waits for it. */
  reason: reasonOr(WHY).trim().min(1, WHY),
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

/** `GET /stacks/:env/observations`. */
export const observationsQuery = z.strictObject({
  limit,
  /** Id of the last of `ended` of the page before. */
  before: before.optional(),
});

/** `Last-Event-ID` of `/stacks/:env/observations`: when, what, of which. */
export const observationPlace = z
  .string()
  .regex(/^\d{1,15}\.(confirmed|over)\.[\w-]{1,64}$/)
  .transform((text) => {
    const [at, is, id] = text.split(".") as [string, "confirmed" | "over", string];
    return { at: Number(at), is, id };
  });
