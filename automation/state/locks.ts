import { lstat, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";
import type { StackPlace } from "./backend.ts";

/** The engine's lock on a stack, as a `file://` backend keeps it. It has no lease: a killed engine leaves it for ever. */
export interface StackLock {
  /** Name of the lock's file without `.json`. */
  id: string;
  /** Its engine; NaN and "" when the file is damaged: a power loss can leave an empty one. */
  pid: number;
  host: string;
  /** Absent where its file does not say. */
  user?: string;
  /** When it was taken, in milliseconds since the epoch; absent where its file does not say. */
  since?: number;
}

/** Folder of a stack's locks. */
export function lockFolder({ folder, project, stack }: StackPlace): string {
  return join(folder, ".pulumi", "locks", "organization", project, stack);
}

/** All locks of a stack, whoever holds them. */
export async function readLocks(folder: string): Promise<StackLock[]> {
  const files = await readdir(folder).catch(() => []);
  const locks: StackLock[] = [];
  for (const file of files.filter((name) => name.endsWith(".json"))) {
    const text = await readLock(join(folder, file)).catch(() => undefined);
    if (text === undefined) continue;
    locks.push({ id: basename(file, ".json"), ...parseHolder(text) });
  }
  return locks;
}

/** Largest file that is read as a lock, in bytes: a program of a release may write any where its stack's are. */
const LARGEST_LOCK = 64 * 1024;

async function readLock(file: string): Promise<string> {
  const facts = await lstat(file);
  return facts.isFile() && facts.size <= LARGEST_LOCK ? await readFile(file, "utf8") : "";
}

/** The engine that a lock's file names. */
function parseHolder(text: string): Omit<StackLock, "id"> {
  const unknown = { pid: Number.NaN, host: "" };
  try {
    const { pid, hostname: host, username: user, timestamp } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== "number" || typeof host !== "string") return unknown;
    const since = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
    return { pid, host, ...(typeof user === "string" && { user }), ...(!Number.isNaN(since) && { since }) };
  } catch {
    return unknown;
  }
}

/** Whether a lock's file does not tell whose it is. The engine then says no more than that JSON ended too early. */
export function isDamaged(lock: StackLock): boolean {
  return lock.host === "";
}

/** A lock that an engine named. */
export interface NamedLock {
  user: string;
  host: string;
  pid: number;
  /** Milliseconds since the epoch. */
  since: number;
}

/** What the engine says of a lock that it found, whatever backend keeps it (pulumi/pulumi, pkg/backend/diy/lock.go). */
const NAMED = /: created by (\S*)@(\S+) \(pid (\d+)\) at (\S+)/g;

/** What the engine says when it found the stack locked: of a backend that it keeps itself, and Pulumi's own service. */
const LOCKED = /the stack is currently locked by|\[409\] Conflict: Another update is currently in progress/;

/** Whether an engine did not come to the stack because another holds it. */
export function isLocked(said: string): boolean {
  return LOCKED.test(said);
}

/** The locks that an engine named when it found the stack locked. */
export function parseLocks(said: string): NamedLock[] {
  return [...said.matchAll(NAMED)].map(([, user = "", host = "", pid, at = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since: Date.parse(at),
  }));
}

/** The lock that a user's engine took: its id. Undefined when there is none. */
export async function findLockOf(folder: string, user: number): Promise<string | undefined> {
  for (const name of await readdir(folder).catch(() => [])) {
    const facts = await lstat(join(folder, name)).catch(() => undefined);
    if (facts?.uid === user && /^[\w-]{1,100}\.json$/.test(name)) return basename(name, ".json");
  }
  return undefined;
}

/** Removes all locks of a stack in a backend that is not a folder, where the engine cannot remove just one. `as` are words before it. */
export async function removeAllLocks(
  stack: string,
  { env, workDir, as }: { env: Record<string, string>; workDir: string; as: readonly string[] },
): Promise<void> {
  const [command = "pulumi", ...words] = [...as, "pulumi", "cancel", "--yes", "--non-interactive", "--stack", stack];
  const { code, stderr } = await runProgram(command, words, { cwd: workDir, env });
  if (code !== 0) throw new Error(`pulumi cancel failed: ${stderr.trim()}`);
}

/** Removes one lock by its id. Whoever calls this knows that its engine is dead and holds the stack's lease. */
export async function removeLock(folder: string, id: string): Promise<void> {
  if (!/^[\w-]+$/.test(id)) throw new Error(`"${id}" is no lock id`);
  await rm(join(folder, `${id}.json`), { force: true });
}

/** Whether a lock was taken on this machine. */
export function isLocalLock(lock: Pick<StackLock, "host">): boolean {
  return lock.host === hostname();
}
