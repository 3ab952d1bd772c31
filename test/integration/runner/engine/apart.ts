import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";

const root = new URL("../../../..", import.meta.url).pathname;

/** A runner in a process of its own. */
export interface ApartRunner {
  url: string;
  pid: number;
  /** Ends it with SIGTERM, or SIGKILL, and waits until it is gone. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Resolves when it has ended, however that came. */
  gone: Promise<void>;
}

/** What `npm start` runs. */
export const RUNNER = "automation/main.mjs";

/** Starts a runner's program and waits until it listens. What it logs goes to `onLine`. */
export async function startApart(
  env: Record<string, string>,
  onLine: (line: string) => void,
  program = RUNNER,
): Promise<ApartRunner> {
  const child = spawn(process.execPath, [join(root, program)], {
    env: { PATH: engineEnvironment().PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("the runner does not say that it listens: LOG_LEVEL must be info or debug"));
    }, 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        onLine(line);
        const told = line.startsWith("{") ? (JSON.parse(line) as { msg: string; url?: string }) : undefined;
        if (told?.msg !== "runner listening" || !told.url) return;
        clearTimeout(late);
        resolve(told.url);
      });
    }
    child.on("exit", (code) => reject(new Error(`the runner ended with ${code}`)));
  });
  return { url, pid: child.pid!, end: (signal) => end(child, signal), gone };
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

/** What every runner has beside itself, as long as it runs. */
const WORKER = "automation/engine-worker.mjs";

/** Processes whose environment or command line names `folder`, other than `except` and the runner's own engine worker. */
export function processesOf(folder: string, except: number[] = []): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && !except.includes(Number(name)) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const facts = ["environ", "cmdline"].map((file) => readFileSync(`/proc/${pid}/${file}`, "latin1"));
        return facts.some((text) => text.includes(folder)) && !facts[1]?.includes(WORKER);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The command line of a process; empty when there is none. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** The engine worker that a runner started. */
export function findWorker(runner: number): number {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const isIts = (pid: number) => commandOf(pid).includes(WORKER) && parentOf(pid) === runner;
  const found = pids.find(isIts);
  if (found === undefined) throw new Error(`runner ${runner} has no engine worker`);
  return found;
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}
