import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { EngineSession } from "../domain/run.ts";

/** One process as /proc/<pid>/stat tells it (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
interface ProcessFacts {
  pid: number;
  /** Name of the program, at most 15 characters. */
  command: string;
  /** R, S, D, Z, … */
  state: string;
  session: number;
  /** Clock ticks since boot. */
  startTime: number;
}

/** Facts of one line of /proc/<pid>/stat. The command in parentheses may hold anything, also `) `. */
export function parseStat(line: string): ProcessFacts {
  const end = line.lastIndexOf(")");
  const fields = line.slice(end + 2).split(" ");
  return {
    pid: Number.parseInt(line, 10),
    command: line.slice(line.indexOf("(") + 1, end),
    state: fields[0] ?? "",
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

function readProcess(pid: number | string): ProcessFacts | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The session that a detached child leads. Undefined when it has ended already. */
export function describeSession(pid: number): EngineSession | undefined {
  const leader = readProcess(pid);
  return leader && { sid: pid, startTime: leader.startTime, host: hostname(), bootId: bootId(), lockId: null };
}

/** Whether a session was started on this machine since it booted. Only then can its processes be seen from here. */
export function isLocal(session: EngineSession): boolean {
  return session.host === hostname() && session.bootId === bootId();
}

/**
 * Live processes of a session, zombies not counted. A number that was given to a new process since then names another
 * session, and the kernel does that only when nobody of the old one is left.
 */
export function listSession(session: EngineSession): number[] {
  if (!isLocal(session)) return [];
  const leader = readProcess(session.sid);
  if (leader && leader.session === session.sid && leader.startTime !== session.startTime) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter((facts) => facts !== undefined)
    .filter((facts) => facts.session === session.sid && facts.state !== "Z" && facts.startTime >= session.startTime)
    .map((facts) => facts.pid);
}

/** Whether a process runs. A zombie does not. */
export function isAlive(pid: number): boolean {
  const facts = readProcess(pid);
  return facts !== undefined && facts.state !== "Z";
}

/** Whether a process is an engine at work: in a container numbers start again, and soon name something else. */
export function isEngine(pid: number): boolean {
  const facts = readProcess(pid);
  return facts !== undefined && facts.state !== "Z" && facts.command === "pulumi";
}

/** Whether a process belongs to a session. */
export function isInSession(pid: number, session: EngineSession): boolean {
  return listSession(session).includes(pid);
}

/** Sends a signal to the session leader's own process group: the child and the engine, not the plugins. */
function signalEngine(session: EngineSession, signal: NodeJS.Signals): void {
  if (listSession(session).length === 0) return;
  signalProcess(-session.sid, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Two signals at once would be one, which lets the step end: then the state would not be written in time. In milliseconds. */
const BETWEEN_SIGNALS = 100;

/** How a session is ended. */
export interface SessionEnding {
  /** Settles when the session's work has come to its end. */
  ended: Promise<unknown>;
  /** How long the step may take that the engine is in, in milliseconds. */
  patienceMs: number;
  /** How long it may take to drop that step and to release its lock, in milliseconds. */
  graceMs: number;
  /** A process of it that stays. */
  except?: number;
}

/**
 * Ends a session cleanly: one SIGINT lets the running step end, a second one drops it and still releases the lock. Whatever is left then
 * is killed.
 */
export async function endSession(session: EngineSession, how: SessionEnding): Promise<void> {
  for (const ms of [how.patienceMs, how.graceMs]) {
    signalEngine(session, "SIGINT");
    if (await isDone(how.ended, Math.max(ms, BETWEEN_SIGNALS))) break;
  }
  await killSession(session, how);
}

async function isDone(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const timer = delay(ms, false, { signal: late.signal }).catch(() => false);
  try {
    return await Promise.race([ended.then(() => true), timer]);
  } finally {
    late.abort();
  }
}

/**
 * Ends every process of a session with SIGKILL: plugins run in groups of their own and outlive their engine. Resolves
 * when none is left but `except`; throws when some are still there after `deadlineMs`.
 */
export async function killSession(
  session: EngineSession,
  { deadlineMs = 5000, except }: { deadlineMs?: number; except?: number } = {},
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const pids = listSession(session).filter((pid) => pid !== except);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes ${pids.join(", ")} of the old update cannot be ended`);
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    await delay(20);
  }
}
