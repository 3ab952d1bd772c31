import { spawn } from "node:child_process";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { asUser, inWords, PLAIN, type RunUser, removeAllAs } from "./users.ts";

/** How often it is looked what a run has on the disk, in milliseconds. */
const EVERY = 1_000;

/** Most that one run may have there. The dependencies of a platform that was not merged are half a GiB in 60,000 files. */
const MOST: DiskLimits = { kib: 2 * 1024 ** 2, files: 200_000 };

/** Most that a user may have. */
export interface DiskLimits {
  kib: number;
  files: number;
}

/** Folders that every user of a machine may write to. */
const OPEN_TO_ALL = ["/tmp", "/var/tmp", "/dev/shm"];

/**
 * Looks again and again what a user has in some folders, and in those that are open to all. Calls `onFull` once, with why, when that is
 * more than any run needs: what fills the disk is everybody's loss.
 */
export function watchDisk(
  user: RunUser,
  folders: readonly string[],
  onFull: (why: string) => void,
  most = MOST,
): { stop(): void } {
  let stopped = false;
  const look = async () => {
    const full = await findExcess(user, [...(await listBelow(folders)), ...(await listOpen(user))], most);
    if (stopped) return;
    if (full) return onFull(full);
    timer = setTimeout(start, EVERY);
  };
  // What cannot be looked at now can the next time: a machine may be out of processes or files for a moment.
  const start = () =>
    void look().catch(() => {
      if (!stopped) timer = setTimeout(start, EVERY);
    });
  let timer = setTimeout(start, EVERY);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Looks as the user: nobody else may look into what it keeps for itself. Stops counting as soon as it is too much. */
async function findExcess(user: RunUser, folders: readonly string[], most: DiskLimits): Promise<string | undefined> {
  let [kib, files] = [0, 0];
  for (const some of inWords(folders)) {
    const words = [...some, "-user", String(user.id), "-printf", "%k\n"];
    const [command = "find", ...rest] = [...asUser(user), "find", ...words];
    const find = spawn(command, rest, { ...PLAIN, stdio: ["ignore", "pipe", "ignore"] });
    find.on("error", () => {});
    try {
      for await (const line of createInterface({ input: find.stdout })) {
        kib += Number(line);
        files += 1;
        if (kib > most.kib) return `it wrote more than ${most.kib / 1024} MiB`;
        if (files > most.files) return `it wrote more than ${most.files} files`;
      }
    } finally {
      find.kill("SIGKILL");
    }
  }
  return undefined;
}

/** What is in folders of this process's, which others may pass through and not list. */
async function listBelow(folders: readonly string[]): Promise<string[]> {
  const listed = await Promise.all(
    folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
  );
  return listed.flat();
}

/** What a user has in the folders that are open to all. */
async function listOpen(user: RunUser): Promise<string[]> {
  const found: string[] = [];
  for (const folder of OPEN_TO_ALL) {
    for (const name of await readdir(folder).catch(() => [])) {
      const facts = await lstat(join(folder, name)).catch(() => undefined);
      if (facts?.uid === user.id) found.push(join(folder, name));
    }
  }
  return found;
}

/** Removes what a user left in the folders that are open to all. None of its processes runs. */
export async function clearOpenFolders(user: RunUser): Promise<void> {
  const folders: string[] = [];
  for (const path of await listOpen(user)) {
    // A name in a folder that is open to all is anybody's to remove who may do so with other people's files there.
    if ((await lstat(path)).isDirectory()) folders.push(path);
    else await rm(path, { force: true });
  }
  await removeAllAs(folders, [user]);
}
