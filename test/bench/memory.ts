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

/**
 * Memory of processes together, in MiB: what is theirs alone, and each file that they have mapped, as Node's own code, once, as much of it
 * as one of them has. Whatever else runs on the machine, and has the same files mapped, takes nothing off (proc_pid_smaps(5)).
 */
export function memoryOf(pids: readonly number[]): number {
  let anonymous = 0;
  const files = new Map<string, number>();
  for (const pid of pids) {
    const own = new Map<string, number>();
    let file: string | undefined;
    for (const line of readFileSync(`/proc/${pid}/smaps`, "latin1").split("\n")) {
      const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ \d+\s*(\/.*)?$/.exec(line);
      if (mapping) file = mapping[2] && `${mapping[2]} ${mapping[1]}`;
      const [, what, kib] = /^(Rss|Anonymous):\s+(\d+) kB$/.exec(line) ?? [];
      if (what === undefined) continue;
      const sign = what === "Rss" ? 1 : -1;
      if (what === "Anonymous") anonymous += Number(kib);
      if (file !== undefined) own.set(file, (own.get(file) ?? 0) + sign * Number(kib));
    }
    for (const [name, kib] of own) files.set(name, Math.max(files.get(name) ?? 0, kib));
  }
  return Math.round((anonymous + [...files.values()].reduce((sum, kib) => sum + kib, 0)) / 1024);
}
