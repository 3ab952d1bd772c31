import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../log.ts";
import { pruneEngineFiles } from "../state/prune.ts";
import { stateCopies } from "../state/state-copies.ts";
import { removePlace, runFolders } from "../work/place.ts";
import { type RunUser, type RunUsers, removeAs } from "../work/users.ts";

/** How often old files are dropped, in milliseconds. */
const EVERY = 6 * 3_600_000;
const DAY = 24 * 3_600_000;

/** Drops what runs leave and nobody needs any more: at once, then again and again. */
export function startEnginePruning(on: {
  dataDir: string;
  backendUrl: string;
  log: Log;
  users: RunUsers | undefined;
}): { stop(): void } {
  const { dataDir, backendUrl, log, users } = on;
  const prune = async () => {
    const now = Date.now();
    await pruneEngineFiles(backendUrl, now);
    await pruneOld(stateCopies(dataDir), now - 30 * DAY, []);
    await pruneOld(join(dataDir, "dependencies"), now - 30 * DAY, users ? [users.files] : []);
    for (const name of await readdir(runFolders(dataDir)).catch(() => [])) {
      const { mtimeMs } = await stat(join(runFolders(dataDir), name));
      if (mtimeMs < now - DAY) await removePlace(dataDir, name, users?.all ?? []);
    }
  };
  const run = () => void prune().catch((err: unknown) => log.warn({ event: "housekeeping.failed", err }));
  run();
  const timer = setInterval(run, EVERY);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Removes what nobody wrote to since `before` (milliseconds since the epoch) from a folder, and what `owners` have below it. */
async function pruneOld(folder: string, before: number, owners: RunUser[]): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < before) await removeAs(path, owners);
  }
}
