import { join } from "node:path";
import type { ProvenContainers } from "../../components/look/left.ts";
import { showLine } from "../../text/characters.ts";
import { toBeLeft } from "../domain/give-up.ts";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { LONGEST_MESSAGE } from "../engine/messages.ts";
import { endSession, killSession } from "../engine/process-group.ts";
import { type EngineResult, type ReadyEngine, readyEngine } from "../engine/start.ts";
import { ensureBackend } from "../state/backend.ts";
import type { RunEvents, StopReason, WorkContext } from "./perform.ts";
import type { Place } from "./place.ts";
import type { Prepared } from "./prepare.ts";
import type { Recorder } from "./record.ts";
import { findLock } from "./recovery.ts";
import { asUser } from "./users.ts";

/** How often a running engine is told until when the stack is ours, in milliseconds. */
const SIGN_OF_LIFE = 500;

/** How long a canceled engine may take for the step it is in, and then for ending at once, in milliseconds. */
const CANCEL_PATIENCE = 10_000;
const END_GRACE = 5_000;

/** What fits into the message that an update's process is told; a platform of thousands of containers asks for each. */
function tellable(proven: ProvenContainers | undefined): { proven?: ProvenContainers } {
  const fits = proven !== undefined && Buffer.byteLength(JSON.stringify(proven)) < LONGEST_MESSAGE / 2;
  return fits ? { proven } : {};
}

/** What one engine is started with. */
export interface Engagement {
  env: Record<string, string>;
  /** One that was started before; undefined: it is started now. */
  ready?: ReadyEngine | undefined;
  prepared: Prepared;
  place: Place;
  /** Whether the state may hold operations that nobody finished. */
  recover: boolean;
  stop: AbortSignal;
  record: Recorder;
  events: Pick<RunEvents, "note" | "leaseUntil">;
}

/**
 * Runs one engine to its end, with its session and lock on record before it touches anything. Throws what `note` throws: the stack is
 * not ours any more. No process is left then either.
 */
export async function runEngine(
  { config, proven }: Pick<WorkContext, "config" | "proven">,
  run: Run,
  { env, ready, prepared, place, recover, stop, record, events }: Engagement,
): Promise<EngineResult> {
  await ensureBackend(config.backendUrl);
  await place.lend(prepared.place);
  const attempt = run.attempts + 1;
  const recoverTo = recover ? join(await place.make("copies"), `${attempt}.json`) : null;
  const job = {
    kind: RUN_KINDS[run.kind].job,
    stack: run.stack,
    workDir: prepared.workDir,
    configFile: prepared.configFile,
    message: showLine(`${run.tag ?? run.commit.slice(0, 7)} (${run.id}, ${run.triggeredBy})`),
    giveUp: toBeLeft(run),
    recoverTo,
    // A preview leaves nothing behind.
    ...(RUN_KINDS[run.kind].answers === "plan" ? {} : { seen: join(await place.make("seen"), `${attempt}.jsonl`) }),
    // A full check is to find what looks got wrong: it relies on none.
    ...(run.full ? {} : tellable(proven.get(run.stack))),
  };
  let looked: Promise<void> | undefined;
  const engine = (ready ?? readyEngine({ env, as: asUser(place.user) }))?.begin(job, (event) => {
    record.engine(event);
    looked ??= recordLock();
  });
  if (!engine) return { result: "crashed", said: "its process could not be started" };
  const { session, ended } = engine;
  const recordLock = async () => {
    const lockId = await findLock(session, prepared.locks, place.user);
    if (lockId === null) return;
    run.session = { ...session, lockId };
    // Whoever lost the lease learns it from the heartbeat.
    await events.note({ session: run.session }).catch(() => {});
  };
  const cancel = () => {
    const reason = stop.reason as StopReason;
    const patienceMs = reason === "cancel" || reason === "timeout" ? CANCEL_PATIENCE : 0;
    endSession(session, { ended, patienceMs, graceMs: END_GRACE }).catch(() => {});
  };
  let sign: NodeJS.Timeout | undefined;
  try {
    run.attempts = attempt;
    run.session = session;
    await events.note({ attempts: attempt, session });
    // Stopped before it began.
    if (stop.aborted) await killSession(session);
    else {
      stop.addEventListener("abort", cancel, { once: true });
      engine.holdUntil(events.leaseUntil());
      sign = setInterval(() => engine.holdUntil(events.leaseUntil()), SIGN_OF_LIFE);
    }
    const result = await ended;
    await looked;
    // A session on record says that its engine was cut off and may have left something unfinished.
    if (result.result !== "crashed" && !stop.aborted) {
      run.session = null;
      await events.note({ session: null });
    }
    return result;
  } finally {
    clearInterval(sign);
    stop.removeEventListener("abort", cancel);
    await killSession(session);
    await place.settle();
  }
}
