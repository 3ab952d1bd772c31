import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** A server that the demo started. */
export interface Server {
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a Node program and waits until `ready` recognises a line it prints. Its whole output goes to `logFile`.
 * Rejects with the end of the output when the program ends or is silent for `timeoutMs`.
 */
export async function startServer<T>(
  args: string[],
  options: { env: NodeJS.ProcessEnv; logFile: string; timeoutMs: number; ready: (line: string) => T | undefined },
): Promise<Server & { value: T }> {
  const child = spawn(process.execPath, args, { env: options.env, stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(options.logFile);
  const lines: string[] = [];
  const value = await new Promise<T>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${args[0]} ${why}:\n${lines.slice(-15).join("\n")}`));
    const timer = setTimeout(() => fail("did not get ready"), options.timeoutMs);
    const settle = (action: () => void) => {
      clearTimeout(timer);
      action();
    };
    child.on("error", (error) => settle(() => reject(error)));
    child.on("exit", (code) => settle(() => fail(`ended with ${code}`)));
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.setEncoding("utf8").on("data", (text: string) => {
        log.write(text);
        const parts = (rest + text).split("\n");
        rest = parts.pop() ?? "";
        for (const line of parts) {
          lines.push(line);
          if (lines.length > 100) lines.shift();
          const found = options.ready(line);
          if (found !== undefined) settle(() => resolve(found));
        }
      });
    }
  }).catch(async (error) => {
    await stop(child);
    throw error;
  });
  return { value, stop: () => stop(child) };
}

/** Asks a process to end, and ends it when it has not after 20 s. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(timer);
}
