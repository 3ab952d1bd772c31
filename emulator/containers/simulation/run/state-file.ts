import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { emptyHost, fromJson, type HostState, toJson } from "./host-state.ts";

/** Keeps the host's state in a file: written a moment after a change, as a whole and atomically. */
export interface StateFile {
  state: HostState;
  changed(): void;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** Milliseconds that changes are gathered before they are written, at least. */
const gather = 200;
/** A big state takes longer to write: then the pause grows too, so that writing takes at most this share of the time. */
const share = 0.05;

function read(path: string): HostState {
  try {
    return fromJson(readFileSync(path, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return emptyHost();
    throw new Error(
      `${path} does not hold the state of simulated containers: move it away to start with an empty host`,
      { cause },
    );
  }
}

/** @throws when the file exists and cannot be read as a state. */
export function openStateFile(path: string): StateFile {
  const state = read(path);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  // The secrets of the simulated containers are in it.
  const options = { mode: 0o600 };
  let pause = gather;
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  let writing: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    dirty = false;
    const begin = performance.now();
    await writeFile(temporary, toJson(state), options);
    await rename(temporary, path);
    pause = Math.max(gather, (performance.now() - begin) / share);
  };
  const schedule = (): void => {
    if (timer || writing) return;
    timer = setTimeout(() => {
      timer = undefined;
      writing = flush()
        .catch(() => {
          dirty = true;
        })
        .finally(() => {
          writing = undefined;
          if (dirty) schedule();
        });
    }, pause);
    timer.unref();
  };
  return {
    state,
    changed: () => {
      dirty = true;
      schedule();
    },
    close: async () => {
      clearTimeout(timer);
      timer = undefined;
      await writing;
      clearTimeout(timer);
      if (!dirty) return;
      writeFileSync(temporary, toJson(state), options);
      renameSync(temporary, path);
      dirty = false;
    },
  };
}
