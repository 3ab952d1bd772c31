import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LeftResource } from "../../components/look/left.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import type { EngineSession } from "../domain/run.ts";
import { openChannel } from "../socket/frames.ts";
import {
  type EngineEnd,
  type EngineJob,
  type EngineOrder,
  LONGEST_MESSAGE,
  SAID_LIMIT,
  WORKER_FD,
} from "./messages.ts";
import { describeSession, killSession } from "./process-group.ts";
import { readEngineMessage } from "./read-message.ts";

/** How an engine process ended; `crashed` when it could not say so itself. */
export type EngineResult = (EngineEnd & { told?: ToldLeft }) | { result: "crashed"; said: string };

/** What an engine's process told of what it leaves, and of the settings that it found. */
export interface ToldLeft {
  resources: LeftResource[];
  endedAt: number;
  notLeft: string | undefined;
  sealed: Record<string, string>;
}

/** An engine's process that was told nothing yet: it has touched nothing. */
export interface ReadyEngine {
  session: EngineSession;
  /** Tells it what to do; `onRecord` gets all that it does. */
  begin(job: EngineJob, onRecord: (record: TimedRecord) => void): RunningEngine;
  /** Ends one that is not needed. */
  drop(): Promise<void>;
}

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

/** Most that one engine may tell, in characters: it is all kept until the run has ended. An update of 800 services tells 10 MB. */
const MOST_TOLD = 64 * 1024 ** 2;

/** How long an engine's process may stay when it says no more, and what it told may take to come when it is gone, in milliseconds. */
const LAST_MESSAGES = 5_000;

const PROGRAM = fileURLToPath(new URL("./child.ts", import.meta.url));

/**
 * Starts an engine's process in a session of its own, with exactly `env` as its environment, behind the words of `as` that have it run as
 * another user. It loads its code while others prepare what it will work on, and ends by itself when this process does. Undefined when it
 * could not be started.
 */
export function readyEngine({
  env,
  as,
}: {
  env: Record<string, string>;
  as: readonly string[];
}): ReadyEngine | undefined {
  const [command = process.execPath, ...words] = [...as, process.execPath, PROGRAM];
  const child = spawn(command, words, {
    detached: true,
    env,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  child.on("error", () => {});
  const socket = child.stdio[WORKER_FD] as unknown as Duplex;
  socket.on("error", () => {});
  const session = child.pid === undefined ? undefined : describeSession(child.pid);
  if (!session) {
    socket.destroy();
    return undefined;
  }

  let said = "";
  const keep = (text: string) => {
    said = (said + text).slice(-SAID_LIMIT);
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);

  let onRecord: (record: TimedRecord) => void = () => {};
  let end: EngineEnd | undefined;
  let told = 0;
  const left: ToldLeft = { resources: [], endedAt: 0, notLeft: undefined, sealed: {} };
  let overdue: NodeJS.Timeout | undefined;
  const drained = Promise.withResolvers<void>();
  /** It is not, or not any more, what was started. Nothing that it says counts. */
  const refuse = (said: string) => {
    end = { result: "failed", problem: "engine", said };
    void channel.close();
    drained.resolve();
    killSession(session).catch(() => {});
  };
  const channel = openChannel(
    socket,
    {
      message: (value) => {
        const message = readEngineMessage(value);
        told += JSON.stringify(value).length;
        if (!message) refuse("the engine's process said what no engine says");
        else if (told > MOST_TOLD) refuse(`the engine told of more than ${MOST_TOLD / 1024 ** 2} MiB`);
        else if ("end" in message) end = message.end;
        else if ("event" in message) onRecord(message);
        else {
          left.resources.push(...(message.left ?? []));
          left.endedAt = message.endedAt ?? left.endedAt;
          left.notLeft ??= message.notLeft;
          Object.assign(left.sealed, message.sealed);
        }
      },
      bytes: () => refuse("the engine's process said what no engine says"),
      closed: () => {
        drained.resolve();
        overdue = setTimeout(() => killSession(session).catch(() => {}), LAST_MESSAGES);
      },
    },
    LONGEST_MESSAGE,
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ended = exited.then(async (): Promise<EngineResult> => {
    // Whoever has its user may hold the other end for ever.
    const late = new AbortController();
    await Promise.race([drained.promise, delay(LAST_MESSAGES, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
    clearTimeout(overdue);
    void channel.close();
    await killSession(session);
    if (!end) return { result: "crashed", said };
    return end.problem === "killed" ? { result: "crashed", said: end.said } : { ...end, told: left };
  });
  // An engine that ended already is told by `ended`, not by the message that does not reach it.
  const tell = (order: EngineOrder) => channel.send(order);
  return {
    session,
    begin: (job, listener) => {
      onRecord = listener;
      tell({ job });
      return { session, holdUntil: (leaseUntil) => tell({ leaseUntil }), ended };
    },
    drop: () => killSession(session),
  };
}
