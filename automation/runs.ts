import { randomUUID } from "node:crypto";
import type { Run, RunRequest } from "./domain/run.ts";
import type { Refusal } from "./domain/verdict.ts";
import { type ErrorCode, RequestError } from "./http/errors.ts";
import type { DeployBody } from "./http/schemas.ts";
import { assessRelease } from "./release-request.ts";
import { type Answer, toDeployAnswer } from "./report.ts";
import type { Runner } from "./runner.ts";
import type { Signature } from "./signature.ts";
import { StoreConflict } from "./store/store.ts";
import { type Changes, waitForRun } from "./waiting.ts";

/** How a request came in. */
export interface Arrival {
  requestId: string;
  signature: Signature;
}

/** A run that was accepted, or one that a newer release makes needless. */
export type Acceptance = { run: Run; duplicate: boolean } | { run: Run; refusal: Refusal };

/** How often a decision is made again because another request came between. */
const MOST_RACES = 10;

/**
 * Accepts a request to bring a stack to a release: it is on disk when this resolves. Throws RequestError when it is
 * wrong or the release rules do not allow it.
 */
export async function acceptDeploy(runner: Runner, body: DeployBody, arrival: Arrival): Promise<Acceptance> {
  const rollback = body.rollback ?? false;
  const isPlain = arrival.signature.form === "plain";
  if (rollback && isPlain) throw new RequestError("signature_v2_required", "A rollback needs a v2 signature");
  const services = body.services ?? null;
  const request = { env: body.env, tag: body.tag, services, rollback, replayable: isPlain };
  for (let races = 0; ; races++) {
    const { commit, decision, newest } = await assessRelease(runner, request);
    const row: RunRequest = {
      kind: "deploy",
      stack: body.env,
      tag: body.tag,
      commit,
      services,
      rollback,
      triggeredBy: body.triggered_by,
      reason: body.reason ?? null,
      requestId: arrival.requestId,
    };
    if (!decision.ok) return refuse(runner, row, decision);
    try {
      return await runner.store.accept(row, runner.now(), { newest: newest?.id ?? null });
    } catch (error) {
      if (!(error instanceof StoreConflict) || races >= MOST_RACES) throw error;
    }
  }
}

async function refuse({ store, now }: Runner, row: RunRequest, refusal: Refusal): Promise<Acceptance> {
  if (refusal.status === "superseded") return { run: await store.record(row, "superseded", now()), refusal };
  const code: ErrorCode = refusal.status === "invalid" ? "release_invalid" : "release_refused";
  throw new RequestError(code, refusal.message, { hint: refusal.hint, shownCode: refusal.code });
}

/** The answer to an accepted request: how the run ended, or after `waitMs` that it goes on. */
export async function answerDeploy(
  { store, now }: Runner,
  changes: Changes,
  acceptance: Acceptance,
  options: { asked: string[] | null; waitMs: number; signal?: AbortSignal },
): Promise<Answer> {
  const { asked, waitMs, signal } = options;
  if ("refusal" in acceptance) {
    const { refusal, run } = acceptance;
    const answer = toDeployAnswer(run, { asked, duplicate: false, now: now() });
    const { supersededBy: superseded_by, message, hint } = refusal;
    return { status: answer.status, body: { ...answer.body, superseded_by, message, hint } };
  }
  const run = await waitForRun(store, changes, acceptance.run.id, waitMs, signal);
  const winner = run.supersededBy === null ? undefined : await store.run(run.supersededBy);
  return toDeployAnswer(run, {
    asked,
    duplicate: acceptance.duplicate,
    now: now(),
    ...(winner ? { winner } : {}),
  });
}

/** Seconds to wait, from `Prefer: wait=<s>` (RFC 7240); `fallback` when it says nothing, never more than `most`. */
export function parseWait(prefer: string | undefined, fallback: number, most: number): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? "")?.[1];
  return Math.min(seconds === undefined ? fallback : Number(seconds), most);
}

/** The request id that a caller sent, when it is harmless to repeat, else a new one. */
export function toRequestId(given: string | undefined): string {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
