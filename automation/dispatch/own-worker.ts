import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { DOOR_FD } from "../socket/messages.ts";
import { ENGINE_VARIABLES } from "../variables.ts";
import { IMAGE_VARIABLES } from "../watch/version.ts";
import type { EngineSource } from "./engines.ts";

const PROGRAM = fileURLToPath(new URL("../engine-worker.mjs", import.meta.url));

/** Opens a socket to a worker that listens at `path`. */
export function openSocket(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket)).once("error", reject);
  });
}

/**
 * A worker that the door starts itself, as its child and with its own user. Its environment is built from the door's: callers' secrets,
 * the store, notices and Git are not in it. It ends with the door, and is started again when it ends before.
 */
export function startOwnWorker(env: Record<string, string | undefined>): EngineSource & { stop(): Promise<void> } {
  let child: ChildProcess | undefined;
  const ended = (of: ChildProcess) => of.exitCode !== null || of.signalCode !== null;
  return {
    stack: "*",
    open: async () => {
      if (child && !ended(child)) child.kill("SIGKILL");
      const started = spawn(process.execPath, [...process.execArgv, PROGRAM], {
        env: { ...workerEnvironment(env), ...SPARING },
        stdio: ["ignore", "inherit", "inherit", "pipe"],
      });
      child = started;
      started.on("error", () => {});
      return started.stdio[DOOR_FD] as unknown as Duplex;
    },
    stop: async () => {
      const last = child;
      if (!last || ended(last)) return;
      // Its socket is closed: it ends by itself when nothing of it is left.
      const gone = new Promise<void>((resolve) => last.once("exit", () => resolve()));
      const late = setTimeout(() => last.kill("SIGKILL"), STOP_WITHIN);
      await gone;
      clearTimeout(late);
    },
  };
}

/** Each of a process's threads takes memory of its own from the system, and keeps it (mallopt(3)): 3 MiB that nothing is the quicker for. */
const SPARING = { MALLOC_ARENA_MAX: "1" };

/** How long a worker may take to end its engines, in milliseconds. */
const STOP_WITHIN = 10_000;

function workerEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  // Where others listen this one does not: it is spoken with through the descriptor that it is started with.
  const its = ENGINE_VARIABLES.filter((name) => name !== "ENGINE_SOCKET");
  const names = [...its.flatMap((name) => [name, `${name}_FILE`]), "PATH", ...IMAGE_VARIABLES];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
