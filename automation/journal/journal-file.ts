import { closeSync, fdatasyncSync, fstatSync, fsyncSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Entry, toEntries } from "./entry.ts";

/** What a journal begins with. */
export interface JournalHead {
  /** SHA-256 of the state's file that its entries change. */
  base: string;
  /** Release of the engine that writes it, e.g. `v3.259.0`. */
  engine: string;
  /** Nanoseconds since the epoch, as text. */
  begun: string;
}

/** Everything that is on disk of a journal. */
export interface Journal {
  head: JournalHead;
  entries: Entry[];
}

/** The engine tells a step that cannot be recorded: it must not begin. Trying again does not help. */
export class Unrecordable extends Error {
  override readonly name = "Unrecordable";
}

/** A journal that is written to. */
export interface OpenJournal {
  /**
   * Adds what the engine sent in one request. When it returns, that outlives this process and the engine, and with `sync` a loss
   * of power too. Throws Unrecordable when it was taken away, and for ever once it failed.
   */
  add(request: string, sync: boolean): void;
  close(): void;
}

/** Begins a journal. Throws EEXIST when there is one. */
export function beginJournal(file: string, head: JournalHead): OpenJournal {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, "ax", 0o600);
  let broken = false;
  const add = (line: string, sync: boolean) => {
    if (broken) throw new Unrecordable("the update's journal could not be written before: nothing more is begun");
    broken = true;
    if (fstatSync(descriptor).nlink === 0) throw new Unrecordable("somebody took the update's journal away");
    writeFileSync(descriptor, `${line.replaceAll("\n", " ")}\n`);
    if (sync) fdatasyncSync(descriptor);
    broken = false;
  };
  add(JSON.stringify(head), true);
  syncFolder(dirname(file));
  return { add, close: () => closeSync(descriptor) };
}

/**
 * What a journal holds; undefined when there is none, or it was cut off in its first line: nothing was begun then. A last line
 * without its end was never confirmed, so the engine did not act on it; what a loss of power left unreadable was not written
 * through, and neither was what stands behind. Throws ZodError for entries of another kind.
 */
export async function readJournal(file: string): Promise<Journal | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const [head, ...requests] = parseWhileJson(text.split("\n").slice(0, -1));
  if (head === undefined) return undefined;
  return { head: head as JournalHead, entries: requests.flatMap(toEntries) };
}

/** Up to the first line that is no JSON. */
function parseWhileJson(lines: string[]): unknown[] {
  const values: unknown[] = [];
  try {
    for (const line of lines) values.push(JSON.parse(line));
  } catch {}
  return values;
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
