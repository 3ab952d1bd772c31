import { readdirSync, readFileSync } from "node:fs";

const PAGE = 4096;

/** Resident memory of all processes of a session, in bytes. Shared pages count for each. */
function sessionMemory(sid: number): number {
  let sum = 0;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[3]) === sid) sum += Number(fields[21]) * PAGE;
    } catch {
      // It ended in between.
    }
  }
  return sum;
}

/** Watches a session that a detached child leads. `stop` gives the highest sum seen, in MiB. */
export function watchMemory(sid: number): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, sessionMemory(sid));
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(peak / 1024 / 1024);
    },
  };
}
