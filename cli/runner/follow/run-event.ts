import { z } from "zod";
import type { ServerSentEvent } from "./server-sent-events.ts";

const resource = z.object({
  type: z.literal("resource"),
  phase: z.enum(["started", "done", "failed"]),
  op: z.string(),
  urn: z.string(),
  keys: z.array(z.string()),
});
const diagnostic = z.object({
  type: z.literal("diagnostic"),
  severity: z.enum(["info", "warning", "error"]),
  urn: z.string().nullable(),
  message: z.string(),
});
const summary = z.object({ type: z.literal("summary"), result: z.string() });
/** What the runner itself does: `checkout`, `look`, `dependencies`, `engine`, `waiting`. */
const phase = z.looseObject({ type: z.literal("phase"), name: z.string() });

const record = z.discriminatedUnion("type", [resource, diagnostic, summary, phase]);

/** One line of a run's record. */
export interface RunEvent {
  /** Milliseconds since the epoch. */
  at: number;
  record: z.output<typeof record>;
}

/** The event of a message in the run's stream; undefined for kinds that this release does not know. */
export function parseRunEvent({ type, data }: ServerSentEvent): RunEvent | undefined {
  const body = z.looseObject({ at: z.coerce.date(), data: z.looseObject({}) }).safeParse(JSON.parse(data));
  if (!body.success) return undefined;
  const parsed = record.safeParse({ ...body.data.data, type });
  return parsed.success ? { at: body.data.at.getTime(), record: parsed.data } : undefined;
}
