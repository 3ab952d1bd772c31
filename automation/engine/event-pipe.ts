import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { runProgram } from "../../tools/run-program.mjs";

/** Where an engine writes its events to, one JSON object per line. */
export interface EventPipe {
  file: string;
  /** Hands on what is left and takes the pipe away. The engine has ended. */
  close(): Promise<void>;
}

const NO_PIPE = "no pipe for the engine's events";

/**
 * Makes a pipe and calls `onEvent` for every event that the engine writes to it. A pipe, because many events carry secrets in clear: so
 * they are never on a disk, and nothing is left of them when this process is killed. It lies in the folder for temporary files: where
 * data is kept may know no pipes. Throws when it cannot be made.
 */
export async function openEventPipe(onEvent: (event: EngineEvent, at: number) => void): Promise<EventPipe> {
  const folder = makeFolder();
  const file = join(folder, "events");
  const { code, stderr } = await runProgram("mkfifo", ["-m", "600", file]);
  if (code !== 0) throw new Error(`${NO_PIPE}: ${stderr.trim()}`);
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
    file,
    close: async () => {
      closeSync(writer);
      await drained;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "dockmaster-events-"));
  } catch (cause) {
    throw new Error(`${NO_PIPE}: ${(cause as Error).message}`, { cause });
  }
}
