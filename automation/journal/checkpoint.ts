import { createHash } from "node:crypto";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { StackPlace } from "../state/backend.ts";
import { type Checkpoint, parseCheckpoint } from "./entry.ts";
import { below, stateFile } from "./paths.ts";
import type { Versioned } from "./replay.ts";

/** The state of a stack as its file has it. */
export interface StackState extends Versioned {
  /** SHA-256 of the file. */
  digest: string;
}

/** One update in the engine's own history, as `pulumi stack history` shows it. */
export interface HistoryEntry {
  kind: "update";
  /** Seconds since the epoch. */
  startTime: number;
  message: string;
  environment: Record<string, string>;
  config: unknown;
  version: 0;
  result: "succeeded" | "failed";
  endTime: number;
  resourceChanges?: Record<string, number>;
}

/** Whether the stack's state is one plain file. It may also be compressed, or lie in the layout of older engines. */
export async function hasPlainState(place: StackPlace): Promise<boolean> {
  const files = await readdir(below(place, "stacks")).catch(() => []);
  const own = files.filter((name) => new RegExp(`^${RegExp.escape(place.stack)}\\.json(\\.gz|\\.zst)?$`).test(name));
  return own.length === 1 && own[0] === `${place.stack}.json`;
}

/** Reads the state. Throws ENOENT for a stack that is not there. */
export function readState(place: StackPlace): Promise<StackState> {
  return readStateFile(stateFile(place));
}

/** The state before the last time it was written; undefined when there is none. */
export function readBackup(place: StackPlace): Promise<StackState | undefined> {
  return readStateFile(`${stateFile(place)}.bak`).catch(() => undefined);
}

async function readStateFile(file: string): Promise<StackState> {
  const text = await readFile(file, "utf8");
  const { version, features, checkpoint } = parseCheckpoint(text);
  return { version, features: features ?? [], deployment: checkpoint.latest ?? {}, digest: digestOf(text) };
}

/** The file that would hold this state. */
export function renderState({ project, stack }: StackPlace, { version, features, deployment }: Versioned): string {
  const file: Checkpoint = {
    version,
    ...(features.length > 0 ? { features } : {}),
    checkpoint: { stack: `organization/${project}/${stack}`, latest: deployment },
  };
  return JSON.stringify(file);
}

/** SHA-256 of a file's text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256 of the state's file as it is now. */
export async function digestOfState(place: StackPlace): Promise<string> {
  return digestOf(await readFile(stateFile(place), "utf8"));
}

/** Replaces the state's file by `text`, whole or not at all; the one before stays beside it as `.bak`, as the engine does it. */
export async function writeState(place: StackPlace, text: string): Promise<void> {
  const file = stateFile(place);
  const backup = `${file}.bak`;
  await replaceFile(backup, await readFile(file, "utf8"));
  // The backend's notes of the contents' MD5 would be wrong; without one it knows none.
  for (const name of [backup, file]) await rm(`${name}.attrs`, { force: true });
  await replaceFile(file, text);
}

/** Adds an update to the history, with a copy of the state that it led to, and keeps that copy as a backup too. */
export async function addToHistory(place: StackPlace, entry: HistoryEntry, nanoseconds: string): Promise<void> {
  const { stack } = place;
  const history = join(below(place, "history"), stack);
  const backups = join(below(place, "backups"), stack);
  for (const folder of [history, backups]) await mkdir(folder, { recursive: true });
  await replaceFile(join(history, `${stack}-${nanoseconds}.history.json`), JSON.stringify(entry));
  await copyFile(stateFile(place), join(history, `${stack}-${nanoseconds}.checkpoint.json`));
  await copyFile(stateFile(place), join(backups, `${stack}.${nanoseconds}.json`));
}

/** On disk before the name points to it. */
async function replaceFile(file: string, text: string): Promise<void> {
  const aside = `${file}.tmp`;
  try {
    await writeFile(aside, text, { mode: 0o644, flush: true });
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
