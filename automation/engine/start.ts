import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TimedRecord } from "../domain/engine-record.ts";
import type { EngineSession } from "../domain/run.ts";
import { type EngineEnd, type EngineJob, type EngineMessage, type LeaseMessage, SAID_LIMIT } from "./messages.ts";
import { describeSession, killSession, signalEngine } from "./session.ts";

/** How an engine process ended; `crashed` when it could not say so itself. */
export type EngineResult = EngineEnd | { result: "crashed"; said: string };

/** An engine at work. */
export interface RunningEngine {
  session: EngineSession;
  /** Gives it its job. Until then it only loads, so that its session can be on record before it touches anything. */
  begin(job: EngineJob): void;
  /**
   * Tells it until when the stack is ours. A runner that is frozen, or cannot reach the store, does not: then the engine
   * ends itself before another runner may take the stack.
   */
  holdUntil(leaseUntil: number): void;
  /** Resolves when every process of the session is gone. */
  ended: Promise<EngineResult>;
}

/** How long a cancelled engine may take for the step it is in, and then for ending at once, in milliseconds. */
const CANCEL_GRACE = 10_000;
const END_GRACE = 5_000;
/** Two signals at once would be one, which lets the step end: then the state would not be written in time. */
const BETWEEN_SIGNALS = 100;

const PROGRAM = fileURLToPath(new URL("./child.ts", import.meta.url));

/** Starts an engine in a session of its own, with exactly `env` as its environment. Undefined when the process could not be started. */
export function startEngine(
  env: Record<string, string>,
  onRecord: (record: TimedRecord) => void,
): RunningEngine | undefined {
  const child = spawn(process.execPath, [PROGRAM], {
    detached: true,
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  child.on("error", () => {});
  const session = child.pid === undefined ? undefined : describeSession(child.pid);
  if (!session) return undefined;

  let said = "";
  const keep = (text: string) => {
    said = (said + text).slice(-SAID_LIMIT);
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);

  let end: EngineEnd | undefined;
  child.on("message", (message: EngineMessage) => {
    if ("end" in message) end = message.end;
    else onRecord(message);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const drained = new Promise<void>((resolve) => child.once("disconnect", () => resolve()));
  const ended = Promise.all([exited, drained]).then(async (): Promise<EngineResult> => {
    await killSession(session);
    if (!end) return { result: "crashed", said };
    return end.problem === "killed" ? { result: "crashed", said: end.said } : end;
  });
  // An engine that ended already is told by `ended`, not by the message that does not reach it.
  const tell = (message: EngineJob | LeaseMessage) => void child.send(message, () => {});
  return { session, begin: tell, holdUntil: (leaseUntil) => tell({ leaseUntil }), ended };
}

/**
 * Ends an engine cleanly: one SIGINT lets the running step end, a second one drops it and still releases the lock.
 * Whatever is left then is killed. Without `patient` the second one comes right after.
 */
export async function cancelEngine(engine: RunningEngine, { patient }: { patient: boolean }): Promise<void> {
  const { session, ended } = engine;
  signalEngine(session, "SIGINT");
  if (await isDone(ended, patient ? CANCEL_GRACE : BETWEEN_SIGNALS)) return;
  signalEngine(session, "SIGINT");
  if (await isDone(ended, END_GRACE)) return;
  await killSession(session);
}

async function isDone(ended: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
