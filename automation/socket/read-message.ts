import { z } from "zod";
import { leftBehind } from "../../components/look/left.ts";
import { OUTAGES_OF, SERVICE_RESULTS } from "../domain/run.ts";
import type { FromWorker } from "./messages.ts";

const name = z.string().max(200);
const text = z.string().max(200_000);
const time = z.number().nonnegative();
const id = z.number().int().nonnegative();

const session = z.object({
  sid: z.number().int(),
  startTime: z.number(),
  host: name,
  bootId: name,
  lockId: name.nullable(),
});

const cause = z.looseObject({ code: name, message: text, hint: text, logTail: z.array(text).max(1_000).optional() });

const outage = z.object({
  of: z.enum(OUTAGES_OF),
  since: time,
  until: time.nullable(),
  next: time.nullable(),
  tries: z.number().int(),
  attempts: z.number().int(),
  told: z.boolean(),
});

const verdict = z.union([
  z.object({ next: z.enum(["succeed", "fail", "cancel", "requeue"]), cause: cause.nullable() }),
  z.object({ next: z.literal("hold"), cause, outage }),
  z.object({ next: z.literal("leave") }),
]);

const outcome = z.looseObject({
  service: name,
  result: z.enum(SERVICE_RESULTS),
  reason: text,
  cause: cause.optional(),
});

const container = z.object({
  container: name,
  is: z.enum(["restarted", "replaced", "exited", "unhealthy", "restarting", "paused", "created", "dead", "gone"]),
  id: name.optional(),
  startedAt: name.optional(),
  restarts: z.number().optional(),
  exitCode: z.number().optional(),
});

const look = z.object({
  at: time,
  took: time,
  resources: z
    .array(
      z.object({
        type: z.enum(["service", "environment", "secret"]),
        name: z.string().max(500),
        is: z.enum(["left", "other", "gone", "unknown"]),
        differs: z.array(z.string().max(1_000)).max(10_000),
        containers: z.array(container).max(1_000),
        starting: z.boolean(),
        why: text.optional(),
      }),
    )
    .max(10_000),
  proven: z.record(name, time),
});

const checks = z.object({ say: z.enum(["hold", "failed", "unknown"]), why: text.optional() });

const message = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    stacks: z.array(name).max(1_000).nullable(),
    host: name,
    knows: z.array(name).max(10_000),
    looks: z.number().optional(),
  }),
  z.object({ type: z.literal("files"), id, run: name }),
  z.object({
    type: z.literal("append"),
    id,
    run: name,
    events: z.array(z.object({ at: time, type: name, data: z.unknown() })).max(100_000),
  }),
  z.object({
    type: z.literal("note"),
    id,
    run: name,
    patch: z.object({ attempts: z.number().int().nonnegative().optional(), session: session.nullable() }),
  }),
  z.object({ type: z.literal("phase"), run: name, name, seconds: time }),
  z.object({ type: z.literal("lock"), run: name, lock: name }),
  z.object({
    type: z.literal("end"),
    run: name,
    ending: z.object({ verdict, outcomes: z.array(outcome).max(100_000), left: leftBehind.optional() }),
  }),
  z.object({ type: z.literal("mistake"), run: name, message: text }),
  z.object({ type: z.literal("kept"), id, error: text.optional() }),
  z.object({
    type: z.literal("check"),
    name,
    has: z.boolean(),
    problem: text.nullable(),
    status: z.number().int().min(100).max(999).nullable(),
  }),
  z.object({
    type: z.literal("looked"),
    id,
    look: look.optional(),
    checks: checks.optional(),
    refused: text.optional(),
  }),
]);

/**
 * What a worker says, checked: it runs programs that others wrote, and whoever got hold of it may say anything. Undefined when no worker
 * says that.
 */
export function readMessage(value: unknown): FromWorker | undefined {
  const read = message.safeParse(value);
  return read.success ? (read.data as FromWorker) : undefined;
}
