import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TimedRecord } from "../domain/engine-record.ts";
import { toBeLeft } from "../domain/give-up.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { prepareHome } from "../engine/home.ts";
import type { EngineJob } from "../engine/messages.ts";
import { cancelEngine, type EngineResult, type RunningEngine, startEngine } from "../engine/start.ts";
import type { Runner } from "../runner.ts";
import { ensureBackend } from "../state/backend.ts";
import type { Claim } from "../store/store.ts";
import type { Prepared } from "./prepare.ts";
import type { Recorder } from "./record.ts";
import { findLock } from "./recovery.ts";
import type { StopReason } from "./verdict.ts";

/** How often a running engine is told until when the stack is ours, in milliseconds. */
const SIGN_OF_LIFE = 500;

/** An engine that was started but not told what to do, and where its records go once it is. */
export interface WarmEngine {
  engine: RunningEngine;
  onRecord(listener: (record: TimedRecord) => void): void;
}

/** Starts an engine that loads while its release is checked out. Undefined when its process could not be started. */
export function warmEngine(env: Record<string, string>): WarmEngine | undefined {
  let onRecord: (record: TimedRecord) => void = () => {};
  const engine = startEngine(env, (record) => onRecord(record));
  return engine && { engine, onRecord: (added) => (onRecord = added) };
}

/**
 * Runs one engine to its end, with its session and lock on record before it touches anything. Throws StoreConflict when
 * the lease was lost; no process is left then either.
 */
export async function runEngine(
  { store, config, now }: Runner,
  { run, lease }: Claim,
  prepared: Prepared,
  options: { warm: WarmEngine; mend: boolean; stop: AbortSignal; record: Recorder },
): Promise<EngineResult> {
  const { warm, mend, stop, record } = options;
  const { engine } = warm;
  await ensureBackend(config.backendUrl);
  await prepareHome(join(config.dataDir, "pulumi"), config.logLevel === "debug");
  const attempt = run.attempts + 1;
  const giveUp = toBeLeft(run);
  const recoverTo = mend ? prepared.folder.stateCopy(attempt) : null;
  if (recoverTo) await mkdir(dirname(recoverTo), { recursive: true, mode: 0o700 });

  let looked: Promise<void> | undefined;
  warm.onRecord((event) => {
    record.engine(event);
    looked ??= recordLock();
  });
  const recordLock = async () => {
    const lockId = await findLock(engine.session, prepared.locks);
    if (lockId === null) return;
    run.session = { ...engine.session, lockId };
    // Whoever lost the lease learns it from the heartbeat.
    await store.update(run.id, { session: run.session }, now(), lease).catch(() => {});
  };

  run.attempts = attempt;
  run.session = engine.session;
  await store.update(run.id, { attempts: run.attempts, session: run.session }, now(), lease);
  const cancel = () => {
    const reason = stop.reason as StopReason;
    cancelEngine(engine, { patient: reason === "cancel" || reason === "timeout" }).catch(() => {});
  };
  stop.addEventListener("abort", cancel, { once: true });
  engine.holdUntil(lease.expiresAt);
  const sign = setInterval(() => engine.holdUntil(lease.expiresAt), SIGN_OF_LIFE);
  if (stop.aborted) cancel();
  else {
    const job: EngineJob = {
      kind: RUN_KINDS[run.kind].job,
      stack: run.stack,
      workDir: prepared.workDir,
      configFile: prepared.folder.configFile,
      message: `${run.tag ?? run.commit.slice(0, 7)} (${run.id}, ${run.triggeredBy})`,
      giveUp,
      recoverTo,
    };
    engine.begin(job);
  }
  try {
    const result = await engine.ended;
    await looked;
    // A session on record says that its engine was cut off and may have left something unfinished.
    if (result.result !== "crashed" && !stop.aborted) {
      run.session = null;
      await store.update(run.id, { session: null }, now(), lease);
    }
    return result;
  } finally {
    clearInterval(sign);
    stop.removeEventListener("abort", cancel);
  }
}
