import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TimedRecord } from "../domain/engine-record.ts";
import type { EngineSession } from "../domain/run.ts";
import { type EngineEnd, type EngineJob, type EngineMessage, type EngineOrder, SAID_LIMIT } from "./messages.ts";
import { describeSession, killSession } from "./process-group.ts";

/** How an engine process ended; `crashed` when it could not say so itself. */
export type EngineResult = EngineEnd | { result: "crashed"; said: string };

/** An engine at work. */
export interface RunningEngine {
  session: EngineSession;
  /**
   * Tells it until when the stack is ours, in milliseconds since the epoch. It begins when it hears that first, so that its session can
   * be on record before it touches anything. A runner that is frozen, or cannot reach the store, does not say it again: then the engine
   * ends itself before another runner may take the stack.
   */
  holdUntil(leaseUntil: number): void;
  /** Resolves when every process of the session is gone. */
  ended: Promise<EngineResult>;
}

const PROGRAM = fileURLToPath(new URL("./child.ts", import.meta.url));

/**
 * Starts an engine in a session of its own, with exactly `env` as its environment, behind the words of `as` that have it run as another
 * user; `onRecord` gets all that it does. Undefined when the process could not be started.
 */
export function startEngine(
  job: EngineJob,
  { env, as }: { env: Record<string, string>; as: readonly string[] },
  onRecord: (record: TimedRecord) => void,
): RunningEngine | undefined {
  const [command = process.execPath, ...words] = [...as, process.execPath, PROGRAM];
  const child = spawn(command, words, {
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
  const tell = (order: EngineOrder) => void child.send(order, () => {});
  tell({ job });
  return { session, holdUntil: (leaseUntil) => tell({ leaseUntil }), ended };
}
