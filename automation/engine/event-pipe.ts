import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { runProgram } from "../../tools/run-program.mjs";

/** Where an engine writes its events to, one JSON object per line. */
export interface EventPipe {
  /** Hands on what is left and takes the pipe away. The engine has ended. */
  close(): Promise<void>;
}

/**
 * Makes `file` a pipe and calls `onEvent` for every event that the engine writes to it. A pipe, because many events carry secrets in
 * clear: so they are never on a disk, and nothing is left of them when this process is killed. Throws when it cannot be made.
 */
export async function openEventPipe(
  file: string,
  onEvent: (event: EngineEvent, at: number) => void,
): Promise<EventPipe> {
  rmSync(file, { force: true });
  const { code, stderr } = await runProgram("mkfifo", ["-m", "600", file]);
  if (code !== 0) throw new Error(`no pipe for the engine's events: ${stderr.trim()}`);
  const reader = new Socket({
    fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  // While somebody could write, the reader is not at its end: neither before the engine opens the pipe nor between its events.
  const writer = openSync(file, constants.O_WRONLY);
  let rest = "";
  reader.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    const at = Date.now();
    for (const line of lines) if (line !== "") onEvent(JSON.parse(line) as EngineEvent, at);
  });
  const drained = new Promise<void>((resolve, reject) => reader.once("close", resolve).once("error", reject));
  drained.catch(() => {});
  return {
    close: async () => {
      closeSync(writer);
      await drained;
      rmSync(file, { force: true });
    },
  };
}
