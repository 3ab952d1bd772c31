import type { RunBody } from "../api/schemas.ts";
import type { Signature } from "../api/signature.ts";
import { causeOf } from "../domain/cause.ts";
import type { Refusal } from "../domain/releases/refusal.ts";
import { isFinal, type Run, type RunRequest } from "../domain/run.ts";
import type { RunKind } from "../domain/run-kinds.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import { type Store, StoreConflict } from "../store/store.ts";
import {
  type Accepting,
  askTwice,
  assessRelease,
  requireServices,
  requireStack,
  resolveCommit,
} from "./release-request.ts";

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
export async function acceptDeploy(on: Accepting, body: RunBody<"deploy">, arrival: Arrival): Promise<Acceptance> {
  const rollback = body.rollback ?? false;
  const isPlain = arrival.signature.form === "plain";
  if (rollback && isPlain) throw new RequestError("signature_v2_required", "A rollback needs a v2 signature");
  refuseReplayable(body.give_up, arrival.signature);
  const services = body.services ?? null;
  return decideAgain(async () => {
    const request = { env: body.env, tag: body.tag, services, rollback, replayable: isPlain };
    const { commit, decision, newest } = await assessRelease(on, request);
    const row: RunRequest = {
      kind: "deploy",
      stack: body.env,
      tag: body.tag,
      commit,
      services,
      rollback,
      ...givenUp(body),
      triggeredBy: body.triggered_by,
      reason: body.reason ?? null,
      requestId: arrival.requestId,
    };
    if (!decision.ok) return refuse(on, row, decision);
    return on.store.accept(row, on.now(), { newest: newest?.id ?? null });
  });
}

/** Accepts a request to bring a stack once more to the release it was last asked to have. Throws RequestError. */
export async function acceptSync(
  on: Accepting,
  body: RunBody<"sync">,
  { requestId, signature }: Arrival,
): Promise<Acceptance> {
  refuseReplayable(body.give_up, signature);
  return decideAgain(async () => {
    const newest = await requireRelease(on, body.env);
    await requireServicesAt(on, newest.commit, body);
    const row: RunRequest = {
      kind: "sync",
      stack: body.env,
      tag: newest.tag,
      commit: newest.commit,
      services: body.services ?? null,
      rollback: false,
      ...givenUp(body),
      triggeredBy: body.triggered_by,
      reason: body.reason ?? null,
      requestId,
    };
    return on.store.accept(row, on.now(), { newest: newest.id });
  });
}

/** Accepts a request to tell what a deploy would change. Throws RequestError. */
async function acceptPreview(
  on: Accepting,
  body: RunBody<"preview">,
  { requestId, signature }: Arrival,
): Promise<Acceptance> {
  refuseDeployInDisguise(body, signature);
  const commit = await resolveCommit(on, body);
  const tag = body.tag ?? null;
  const row = readOnly("preview", body.env, tag, commit, body.triggered_by ?? "preview", requestId);
  return on.store.accept({ ...row, ...givenUp(body) }, on.now());
}

function givenUp({ give_up: giveUp = [] }: { give_up?: string[] | undefined }): Pick<RunRequest, "giveUp"> {
  return giveUp.length > 0 ? { giveUp } : {};
}

/** A recorded request that gives data up could be sent again when the stack has come to other data. */
function refuseReplayable(giveUp: string[] | undefined, { form }: Arrival["signature"]): void {
  if (form !== "plain" || !giveUp?.length) return;
  throw new RequestError("signature_v2_required", "Giving up volumes needs a v2 signature");
}

/** The plain signature covers the body alone: whoever recorded this one could send it to `/deploy`. */
function refuseDeployInDisguise(body: RunBody<"preview">, signature: Arrival["signature"]): void {
  if (signature.form !== "plain" || body.triggered_by === undefined || body.tag === undefined) return;
  throw new RequestError(
    "signature_v2_required",
    "A preview of a tag that says triggered_by could be sent again as a deploy: leave triggered_by out, or sign v2",
  );
}

/** Accepts a request to tell what was changed by hand since the last update. Throws RequestError. */
async function acceptDrift(on: Accepting, body: RunBody<"drift">, { requestId }: Arrival): Promise<Acceptance> {
  const { tag, commit } = await requireRelease(on, body.env);
  const row = readOnly("drift", body.env, tag, commit, body.triggered_by, requestId);
  return on.store.accept(row, on.now());
}

/** What a run is canceled with. */
export interface Canceling {
  store: Store;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Has who waits for the run look again. */
  changed(run: string): void;
}

/** Accepts a request for a run of each kind. They throw RequestError. */
export const ACCEPT: {
  [Kind in RunKind]: (on: Accepting, body: RunBody<Kind>, arrival: Arrival) => Promise<Acceptance>;
} = { deploy: acceptDeploy, sync: acceptSync, preview: acceptPreview, drift: acceptDrift };

/**
 * Cancels a run that waits, or asks whoever carries it out to. Returns the run as it is then. Throws RequestError
 * `run_finished`.
 */
export async function cancelRun({ store, now, changed }: Canceling, id: string): Promise<Run> {
  const before = await store.run(id);
  if (!before || isFinal(before.state)) throw new RequestError("run_finished");
  // Asked for first: one that starts in this moment is then ended by its worker.
  await store.requestCancel(id, now());
  if (before.state !== "running") {
    const when = before.startedAt === null ? "before it started" : "between two tries";
    const cause = causeOf("canceled", `somebody canceled the run ${when}`);
    await store.transition(id, "cancel", { cause }, now()).catch((error: unknown) => {
      if (!(error instanceof StoreConflict)) throw error;
    });
    changed(id);
  }
  const run = await store.run(id);
  if (!run) throw new RequestError("run_not_found");
  return run;
}

async function decideAgain(decide: () => Promise<Acceptance>): Promise<Acceptance> {
  for (let races = 0; ; races++) {
    try {
      return await decide();
    } catch (error) {
      if (!(error instanceof StoreConflict) || races >= MOST_RACES) throw error;
    }
  }
}

async function refuse({ store, now }: Accepting, row: RunRequest, refusal: Refusal): Promise<Acceptance> {
  if (refusal.status === "superseded") return { run: await store.record(row, "superseded", now()), refusal };
  const code: ErrorCode = refusal.status === "invalid" ? "release_invalid" : "release_refused";
  throw new RequestError(code, refusal.message, { hint: refusal.hint, shownCode: refusal.code });
}

/** The run that last brought, or was to bring, a stack to a release. Throws RequestError. */
async function requireRelease(on: Accepting, stack: string): Promise<Run> {
  await askTwice(
    on,
    () => requireStack(on, stack),
    () => true,
    { offline: true },
  );
  const newest = await on.store.newestAccepted(stack);
  if (newest) return newest;
  throw new RequestError("release_refused", `${stack} has no release yet`, {
    hint: `deploy one first: dockmaster deploy ${stack} <tag>`,
    shownCode: "nothing_deployed",
  });
}

/** Throws RequestError `service_unknown` unless the commit has all services that are named. */
async function requireServicesAt(on: Accepting, commit: string, { env, services }: RunBody<"sync">): Promise<void> {
  if (!services) return;
  // Another runner may have accepted the commit before this one's mirror has it.
  const known = await askTwice(
    on,
    () => on.catalogue.services(commit, env),
    (found) => found !== undefined,
    { offline: true },
  );
  requireServices(services, known ?? []);
}

function readOnly(
  kind: RunKind,
  stack: string,
  tag: string | null,
  commit: string,
  triggeredBy: string,
  requestId: string,
): RunRequest {
  return { kind, stack, tag, commit, services: null, rollback: false, triggeredBy, reason: null, requestId };
}
