import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Entry, parseEntries } from "./entry.ts";

/** What a journal begins with. */
export interface JournalHead {
  /** SHA-256 of the state's file that its entries change. */
  base: string;
  /** Release of the engine that writes it, e.g. `v3.259.0`. */
  engine: string;
  /** Nanoseconds since the epoch, as text. */
  begun: string;
}

/** A journal that is written to. */
export interface OpenJournal {
  /**
   * Adds what the engine sent in one request. When it returns, that outlives this process and the engine, and with `sync` a loss
   * of power too. Once it failed, it takes nothing any more.
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
    if (broken) throw new Error("the journal could not be written before: nothing more is begun");
    broken = true;
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
 * without its end was never confirmed, so the engine did not act on it.
 */
export async function readJournal(file: string): Promise<{ head: JournalHead; entries: Entry[] } | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const [head, ...requests] = text.split("\n").slice(0, -1);
  if (head === undefined) return undefined;
  return { head: JSON.parse(head) as JournalHead, entries: requests.flatMap(parseEntries) };
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
