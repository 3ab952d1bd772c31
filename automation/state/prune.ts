import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { backendFolder } from "./backend.ts";

const DAY = 24 * 3_600_000;

/** How long the engine's copies of states are kept, in milliseconds, and how many of each stack's stay whatever their age. */
const KEEP = { history: 90 * DAY, backups: 30 * DAY };
const NEWEST = 40;

/** Which files of a folder are dropped: older than `before`, and not among the `newest`. Pure. */
export function decideOld(files: { name: string; at: number }[], before: number, newest: number): string[] {
  return [...files]
    .sort((a, b) => b.at - a.at)
    .slice(newest)
    .filter(({ at }) => at < before)
    .map(({ name }) => name);
}

/**
 * Drops what the engine piles up and never removes: a copy of the state per update in a `file://` backend's `history` and
 * `backups`.
 */
export async function pruneEngineFiles(backendUrl: string, now: number): Promise<void> {
  const backend = backendFolder(backendUrl);
  if (!backend) return;
  for (const kind of ["history", "backups"] as const) {
    const root = join(backend, ".pulumi", kind);
    for (const project of await list(root)) {
      for (const stack of await list(join(root, project))) {
        await pruneFolder(join(root, project, stack), now - KEEP[kind]);
      }
    }
  }
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

async function pruneFolder(folder: string, before: number): Promise<void> {
  const files = [];
  for (const name of await list(folder)) {
    const facts = await stat(join(folder, name)).catch(() => undefined);
    if (facts?.isFile()) files.push({ name, at: facts.mtimeMs });
  }
  for (const name of decideOld(files, before, NEWEST)) await rm(join(folder, name), { force: true });
}
