import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Processes below this one, the language host and the provider with theirs. */
export function childrenOf(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => [Number(entry), parentOf(entry)] as const);
  const direct = parents.filter(([, parent]) => parent === pid).map(([child]) => child);
  return [...direct, ...direct.flatMap(childrenOf)];
}

/** Ends an engine and all that belongs to it, at once; resolves when it is gone. */
export async function killAll(engine: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => engine.once("exit", resolve));
  const plugins = childrenOf(engine.pid ?? 0);
  if (!engine.kill("SIGKILL")) throw new Error("the engine ended before it was killed");
  for (const pid of plugins.filter(runs)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with the engine.
    }
  }
  await ended;
}

export function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

/** Whether it is there and no zombie. */
export function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
