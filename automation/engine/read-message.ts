import { z } from "zod";
import { leftResource } from "../../components/look/left.ts";
import { type EngineMessage, SAID_LIMIT } from "./messages.ts";

/** Longest name, and most of a list: far more than any platform has. */
const name = z.string().max(4_000);
const names = z.array(name).max(10_000);
const count = z.number().nonnegative();

const restart = z.object({
  container: name,
  times: count,
  at: count,
  exitCode: z.number().optional(),
  replaced: z.literal(true).optional(),
});

const told = z.object({
  drift: names,
  deployed: z.boolean(),
  unfinished: names.optional(),
  restarts: z.array(restart).max(10_000).optional(),
});

const wayIn = z.object({
  addresses: names.optional(),
  login: z.object({ user: name.optional(), secret: name }).optional(),
});

const event = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("resource"),
    phase: z.enum(["started", "done", "failed"]),
    op: name,
    urn: name,
    keys: names,
    told: told.optional(),
    wayIn: wayIn.optional(),
  }),
  z.object({
    type: z.literal("diagnostic"),
    severity: z.enum(["info", "warning", "error"]),
    urn: name.nullable(),
    message: z.string().max(SAID_LIMIT),
  }),
  z.object({ type: z.literal("summary"), result: name }),
]);

const end = z.object({
  result: z.enum(["succeeded", "failed"]),
  problem: z.enum(["none", "locked", "killed", "unknown_stack", "engine"]),
  said: z.string().max(SAID_LIMIT),
});

const piece = z.strictObject({
  left: z.array(leftResource).max(1_000).optional(),
  endedAt: count.optional(),
  notLeft: name.optional(),
  sealed: z.record(z.string().max(100), z.string().max(20_000)).optional(),
});

const message = z.union([z.object({ event, at: count }), z.object({ end }), piece]);

/**
 * What an update's process says, checked: the release's program has the same user, and may have got hold of it. Undefined when no such
 * process says that.
 */
export function readEngineMessage(value: unknown): EngineMessage | undefined {
  const read = message.safeParse(value);
  return read.success ? (read.data as EngineMessage) : undefined;
}
