import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Prepared } from "../prepare.ts";
import type { Recorder } from "../record.ts";
import { findLock } from "../recovery.ts";
import type { Runner } from "../runner.ts";
import type { Claim } from "../store/store.ts";
import type { StopReason } from "../verdict.ts";
import { ensureBackend } from "./backend.ts";
import type { EngineJob } from "./messages.ts";
import { killSession } from "./session.ts";
import { cancelEngine, type EngineResult, startEngine } from "./start.ts";

const JOBS = { deploy: "update", sync: "update", preview: "preview", drift: "drift" } as const;

/**
 * Runs one engine to its end, with its session and lock on record before it touches anything. Throws StoreConflict when
 * the lease was lost; no process is left then either.
 */
export async function runEngine(
  { store, config, now }: Runner,
  { run, lease }: Claim,
  prepared: Prepared,
  options: { mend: boolean; stop: AbortSignal; record: Recorder },
): Promise<EngineResult> {
  const { mend, stop, record } = options;
  await ensureBackend(config.backendUrl);
  const attempt = run.attempts + 1;
  const recoverTo = mend ? prepared.folder.stateCopy(attempt) : null;
  if (recoverTo) await mkdir(dirname(recoverTo), { recursive: true, mode: 0o700 });

  let looked: Promise<void> | undefined;
  const engine = startEngine(prepared.env, (event) => {
    record.engine(event);
    looked ??= recordLock();
  });
  if (!engine) return { result: "crashed", said: "its process could not be started" };

  const recordLock = async () => {
    const lockId = await findLock(engine.session, prepared.locks);
    if (lockId === null) return;
    run.session = { ...engine.session, lockId };
    // Whoever lost the lease learns it from the heartbeat.
    await store.update(run.id, { session: run.session }, now(), lease).catch(() => {});
  };

  try {
    run.attempts = attempt;
    run.session = engine.session;
    await store.update(run.id, { attempts: run.attempts, session: run.session }, now(), lease);
  } catch (error) {
    await killSession(engine.session);
    throw error;
  }
  const cancel = () => {
    const reason = stop.reason as StopReason;
    cancelEngine(engine, { patient: reason === "cancel" || reason === "timeout" }).catch(() => {});
  };
  stop.addEventListener("abort", cancel, { once: true });
  if (stop.aborted) cancel();
  else {
    const job: EngineJob = {
      kind: JOBS[run.kind],
      stack: run.stack,
      workDir: prepared.workDir,
      configFile: prepared.folder.configFile,
      message: `${run.tag ?? run.commit.slice(0, 7)} (${run.id}, ${run.triggeredBy})`,
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
    stop.removeEventListener("abort", cancel);
  }
}
