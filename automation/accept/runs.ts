import type { RunBody } from "../api/requests.ts";
import type { Signature } from "../api/signature.ts";
import { causeOf } from "../domain/cause.ts";
import type { Refusal } from "../domain/releases/refusal.ts";
import { lackingRight } from "../domain/rights.ts";
import { isFinal, type Run, type RunRequest } from "../domain/run.ts";
import { RUN_KINDS, type RunKind } from "../domain/run-kinds.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import { tellHold } from "../notify/hold-notices.ts";
import { type AcceptCondition, type Store, StoreConflict } from "../store/store.ts";
import {
  type Accepting,
  askTwice,
  assessPreview,
  assessRelease,
  requireServices,
  requireStack,
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
  requireRight(arrival.signature, body.env);
  const rollback = body.rollback ?? false;
  const isPlain = arrival.signature.form === "plain";
  if (rollback && isPlain) throw new RequestError("signature_v2_required", "A rollback needs a v2 signature");
  refuseReplayable(body.give_up, arrival.signature);
  const services = body.services ?? null;
  const mayHotfix = arrival.signature.rights.has("hotfix");
  return decideAgain(async () => {
    const request = { env: body.env, tag: body.tag, services, rollback, replayable: isPlain, mayHotfix };
    const { commit, decision, newest } = await assessRelease(on, request);
    const row: RunRequest = {
      kind: "deploy",
      stack: body.env,
      tag: body.tag,
      commit,
      services,
      rollback,
      ...givenUp(body),
      ...inFull(body),
      triggeredBy: body.triggered_by,
      reason: body.reason ?? null,
      requestId: arrival.requestId,
    };
    if (!decision.ok) return refuse(on, row, decision);
    const ends = rollback ? {} : await endedByRelease(on, row);
    return on.store.accept(row, on.now(), { newest: newest?.id ?? null, ...ends });
  });
}

/**
 * What accepting a release ends: holds that the runner made when it took an older one back, which this one contains. What a person holds
 * ends by a person, or by its time.
 */
async function endedByRelease(
  on: Accepting,
  { stack, commit, triggeredBy }: RunRequest,
): Promise<Pick<AcceptCondition, "ends">> {
  const holds: string[] = [];
  for (const { id, takenBack } of await on.store.holds(on.now(), stack)) {
    const isNewer = takenBack && takenBack.commit !== commit && (await on.mirror.isAncestor(takenBack.commit, commit));
    if (isNewer) holds.push(id);
  }
  return holds.length === 0 ? {} : { ends: { holds, by: triggeredBy, tell: tellHold(on, "hold_ended") } };
}

/** Accepts a request to bring a stack once more to the release it was last asked to have. Throws RequestError. */
export async function acceptSync(
  on: Accepting,
  body: RunBody<"sync">,
  { requestId, signature }: Arrival,
): Promise<Acceptance> {
  requireRight(signature, body.env);
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
      ...inFull(body),
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
  const { env, tag: asked, commit: named } = body;
  const approved = signature.rights.has("preview:unmerged");
  const { commit, refusal } = await assessPreview(on, { env, tag: asked, commit: named, approved });
  if (refusal) throw toError(refusal);
  const tag = body.tag ?? null;
  const row = readOnly("preview", body.env, tag, commit, body.triggered_by ?? "preview", requestId);
  return on.store.accept({ ...row, ...givenUp(body) }, on.now());
}

function givenUp({ give_up: giveUp = [] }: { give_up?: string[] | undefined }): Pick<RunRequest, "giveUp"> {
  return giveUp.length > 0 ? { giveUp } : {};
}

function inFull({ full }: { full?: boolean | undefined }): Pick<RunRequest, "full"> {
  return full ? { full } : {};
}

/** Throws RequestError `caller_not_allowed` unless the key that signed may change the stack. */
export function requireRight({ rights }: Arrival["signature"], stack: string): void {
  const lacking = lackingRight(rights, stack);
  if (lacking === undefined) return;
  if (lacking === "change") throw new RequestError("caller_not_allowed");
  throw new RequestError("caller_not_allowed", "What changes production is signed with PRODUCTION_SECRET", {
    shownCode: "production_secret_required",
    hint: "ask through the workflow platform-production or platform-rollback, or set PRODUCTION_SECRET for the dockmaster command",
  });
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
  return on.store.accept({ ...row, ...inFull(body) }, on.now());
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
export async function cancelRun(
  { store, now, changed }: Canceling,
  id: string,
  signature: Arrival["signature"],
): Promise<Run> {
  const before = await store.run(id);
  if (before) requireRight(signature, RUN_KINDS[before.kind].changesStack ? before.stack : "");
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
  throw toError(refusal);
}

/** The error that answers each kind of refusal. */
const REFUSED = {
  conflict: "release_refused",
  invalid: "release_invalid",
  unsigned: "signature_v2_required",
  forbidden: "preview_refused",
} as const satisfies Record<Exclude<Refusal["status"], "superseded">, ErrorCode>;

function toError({ status, code, message, hint }: Refusal): RequestError {
  if (status === "superseded") throw new Error("superseded is no error");
  return new RequestError(REFUSED[status], message, { hint, shownCode: code });
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
