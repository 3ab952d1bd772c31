import { closeSync, openSync, readSync } from "node:fs";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** Follows the file that the engine writes its events to, one JSON object per line. */
export interface EventLog {
  /** Reads what is left. */
  close(): void;
}

const POLL_MS = 100;

/** Calls `onEvent` for every event of `file`, which must exist, as the engine writes it. */
export function followEventLog(file: string, onEvent: (event: EngineEvent, at: number) => void): EventLog {
  const descriptor = openSync(file, "r");
  const buffer = Buffer.alloc(64 * 1024);
  const decoder = new TextDecoder();
  let rest = "";
  const read = () => {
    for (;;) {
      const count = readSync(descriptor, buffer);
      if (count === 0) return;
      const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      const at = Date.now();
      for (const line of lines) if (line !== "") onEvent(JSON.parse(line) as EngineEvent, at);
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    close() {
      clearInterval(timer);
      read();
      closeSync(descriptor);
    },
  };
}
