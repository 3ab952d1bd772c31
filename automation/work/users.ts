import { readdirSync, readFileSync } from "node:fs";
import { chmod, lchown, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "../../tools/run-program.mjs";

/** A user and its group, which have one number. */
export interface RunUser {
  id: number;
}

/** Most processes and threads of one run: Node has about ten of each process, and an update six processes. */
const MOST_TASKS = 512;

/** Largest file that a run may write, in bytes. A state of 800 services has 10 MB. */
const LARGEST_FILE = 1024 ** 3;

/** How long a user's processes may take to be gone once they are killed, in milliseconds. */
const GONE_WITHIN = 10_000;

/** What programs that keep users apart and tidy up after them see: nothing of the worker's environment. */
export const PLAIN = { env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };

/** Users that one engine worker carries runs out as. */
export interface RunUsers {
  /** Owns checkouts and dependencies: no program of a release ever runs as it. */
  files: RunUser;
  /** One that no other run has, as soon as there is one. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<RunUser>;
  /** Has it taken again. None of its processes is left: see `giveBack`. */
  give(user: RunUser): void;
  all: RunUser[];
}

/** Reads a range of users, e.g. `20000-20007`: the first is the one of files. Undefined when it is none, or has fewer than two. */
export function parseUsers(text: string): RunUser[] | undefined {
  const [, first, last] = /^(\d{3,9})-(\d{3,9})$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || to <= from || to - from > 255) return undefined;
  return Array.from({ length: to - from + 1 }, (_, index) => ({ id: from + index }));
}

/** Keeps users apart that run side by side. */
export function createUsers([files, ...others]: RunUser[]): RunUsers {
  if (!files) throw new Error("no user for files");
  const free = [...others];
  let waiting: ((user: RunUser) => void)[] = [];
  return {
    files,
    take: (signal) => {
      const user = free.shift();
      if (user) return Promise.resolve(user);
      return new Promise((resolve, reject) => {
        const next = (given: RunUser) => {
          signal.removeEventListener("abort", leave);
          resolve(given);
        };
        const leave = () => {
          waiting = waiting.filter((other) => other !== next);
          reject(signal.reason);
        };
        if (signal.aborted) return leave();
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(next);
      });
    },
    give: (user) => {
      const next = waiting.shift();
      if (next) next(user);
      else free.push(user);
    },
    all: [files, ...others],
  };
}

/**
 * The words before a command that have it run as a user: with no way back to another, no more processes and no larger files than an
 * update needs, behind the runner itself where processor time is short, and first to go where memory is (setpriv, prlimit, nice and choom
 * of util-linux and coreutils, which every Debian has).
 */
export function asUser(user: RunUser | undefined): string[] {
  if (!user) return [];
  const id = String(user.id);
  return [
    ...["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--no-new-privs", "--"],
    ...["prlimit", `--nproc=${MOST_TASKS}`, `--fsize=${LARGEST_FILE}`, "--core=0", "--"],
    ...["nice", "-n", "5", "choom", "-n", "500", "--"],
  ];
}

/** Runs a program as a user to its end, as `runProgram` does. */
export function runAs(
  user: RunUser | undefined,
  command: string,
  words: readonly string[],
  options: Parameters<typeof runProgram>[2] = {},
): ReturnType<typeof runProgram> {
  const [first = command, ...rest] = [...asUser(user), command, ...words];
  return runProgram(first, rest, options);
}

/**
 * Ends every process of a user, also one that left its session: the kernel goes through all of them in one go, so that those which
 * multiply do not win. Throws when some are left.
 */
export async function killUser(user: RunUser): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN;
  while (listProcesses(user).length > 0) {
    if (Date.now() > deadline) throw new Error(`processes of user ${user.id} cannot be ended`);
    const id = String(user.id);
    const words = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--", "sh", "-c", "kill -9 -1"];
    await runProgram("setpriv", words, PLAIN);
    await delay(20);
  }
}

/** How soon it is tried again to end what could not be ended, in milliseconds. */
const KILL_AGAIN = 30_000;

/** Gives a user back as soon as none of its processes is left: what hangs on a device may need a while. */
export async function giveBack(users: RunUsers, user: RunUser): Promise<void> {
  try {
    await killUser(user);
    users.give(user);
  } catch {
    setTimeout(() => void giveBack(users, user), KILL_AGAIN).unref();
  }
}

/** Removes a path with all that users have below it: only a user can look into what it made with rights of its own. */
export async function removeAs(path: string, users: readonly RunUser[]): Promise<void> {
  await removeAllAs([path], users);
}

/** The same for several paths, however many. */
export async function removeAllAs(paths: readonly string[], users: readonly RunUser[]): Promise<void> {
  if (users.length > 0) {
    const its: string[] = [];
    for (const path of paths) its.push(path, ...(await listOwn(path)));
    for (const user of users) {
      for (const some of inWords(its)) {
        const found = [...some, "-user", String(user.id)];
        await runAs(user, "find", [...found, "-type", "d", "-exec", "chmod", "u+rwx", "{}", "+"], PLAIN);
        await runAs(user, "find", [...found, "-depth", "-delete"], PLAIN);
      }
    }
  }
  for (const path of paths) {
    if (users.length > 0) await takeOver(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** What is in a folder of this process's: it may be one that others cannot list. */
async function listOwn(path: string): Promise<string[]> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts?.isDirectory() || facts.uid !== process.getuid?.()) return [];
  return (await readdir(path).catch(() => [])).map((name) => join(path, name));
}

/** How many paths one command line gets: with the longest names it is half of what Linux takes (execve(2)). */
const PATHS_AT_ONCE = 200;

/** Paths in portions for a command line: a program may make any number of them. */
export function inWords(paths: readonly string[]): string[][] {
  const portions: string[][] = [];
  for (let at = 0; at < paths.length; at += PATHS_AT_ONCE) portions.push(paths.slice(at, at + PATHS_AT_ONCE));
  return portions;
}

/** What is left are folders that a user could not take out of one of this process's: they become this process's. */
async function takeOver(path: string): Promise<void> {
  const own = process.getuid?.() ?? -1;
  const take = async (folder: string) => {
    const facts = await lstat(folder).catch(() => undefined);
    if (!facts?.isDirectory() || facts.uid === own) return;
    await lchown(folder, own, own);
    await chmod(folder, 0o700);
  };
  await take(path);
  for (const name of await readdir(path).catch(() => [])) await take(join(path, name));
}

/** Processes of a user that are not zombies. */
export function listProcesses(user: RunUser): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAliveAs(pid, user));
}

function isAliveAs(pid: number, user: RunUser): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, real, effective] = /^Uid:\t(\d+)\t(\d+)/m.exec(status) ?? [];
    const isIts = Number(real) === user.id || Number(effective) === user.id;
    return isIts && !/^State:\t[ZX]/m.test(status);
  } catch {
    // It ended in between.
    return false;
  }
}
