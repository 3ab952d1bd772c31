import { z } from "zod";
import type { Selection } from "./pick-json.ts";
import { gate, timestamp, waiting } from "./views.ts";

/** What a runner reads of a push; everything else in the payload is left alone. */
export const pushBody = z.looseObject({
  ref: z.string().max(500).optional(),
  before: z.string().max(64).optional(),
  after: z.string().max(64).optional(),
  deleted: z.boolean().optional(),
  commits: z
    .array(
      z.looseObject({
        added: z.array(z.string()).nullish(),
        modified: z.array(z.string()).nullish(),
        removed: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
  pusher: z.looseObject({ name: z.string().max(200).optional(), login: z.string().max(200).optional() }).nullish(),
});

/** The parts of a push that are read at all. */
const selection = {
  ref: true,
  before: true,
  after: true,
  deleted: true,
  commits: [{ added: true, modified: true, removed: true }],
  pusher: { name: true, login: true },
} satisfies Selection;

/** Whose headers name a delivery. Gitea and Forgejo send the others' names too. */
export const SENDERS = ["github", "gitea", "forgejo", "gogs"];

/** Whether a delivery with these headers that begins so could be one of theirs. Nobody has to have the secret for that. */
function couldBePush(headers: { get(name: string): string | null }, beginning: string): boolean {
  return SENDERS.some((sender) => headers.get(`x-${sender}-event`)) && /^\s*\{\s*"\w+/.test(beginning);
}

/** How a push is read: GitHub sends none above 25 MiB (https://docs.github.com/webhooks/webhook-events-and-payloads). */
export const PUSH_PARTS = { selection, limit: 25 * 1024 * 1024, timeoutMs: 30_000, couldBe: couldBePush };

/** A checked push. */
export type PushBody = z.output<typeof pushBody>;

/** `POST /webhook`. */
export const webhookAnswer = z.object({
  status: z.enum(["success", "in_progress", "waiting", "superseded", "ignored", "no_changes", "pong"]),
  /** Why nothing is done, where that is so. */
  reason: z.string().optional(),
  /** What to do when that was not meant. */
  hint: z.string().optional(),
  env: z.string().optional(),
  tag: z.string().nullable().optional(),
  commit: z.string().optional(),
  run: z.string().optional(),
  status_url: z.string().optional(),
  waiting: waiting.optional(),
  gate: gate.optional(),
  timestamp: timestamp.optional(),
  duplicate: z.literal(true).optional(),
  superseded_by: z.string().optional(),
  /** Affected by the push and changed. */
  synced_services: z.array(z.string()).optional(),
  /** Affected by the push and equal all the same. */
  skipped_services: z.array(z.string()).optional(),
  /** Changed although the push did not touch them: repaired, or from an earlier push. */
  also_changed_services: z.array(z.string()).optional(),
  reasons: z.record(z.string(), z.string()).optional(),
});

/** What a push is answered. */
export type WebhookAnswer = z.output<typeof webhookAnswer>;
