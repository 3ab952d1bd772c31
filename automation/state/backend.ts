import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Folder of a `file://` backend; undefined for any other. */
export function backendFolder(backendUrl: string): string | undefined {
  const root = /^file:\/\/(.*)$/s.exec(backendUrl)?.[1];
  if (root === undefined) return undefined;
  return root === "~" || root.startsWith("~/") ? join(homedir(), root.slice(1)) : root;
}

/** A stack in the folder of a `file://` backend. */
export interface StackPlace {
  /** The backend's folder. */
  folder: string;
  project: string;
  stack: string;
}

/** Where a backend keeps a stack; undefined when that is no folder. */
export function placeOf(backendUrl: string, project: string, stack: string): StackPlace | undefined {
  const folder = backendFolder(backendUrl);
  return folder === undefined ? undefined : { folder, project, stack };
}

/** Makes the folder of a `file://` backend: the engine wants it to be there. */
export async function ensureBackend(backendUrl: string): Promise<void> {
  const folder = backendFolder(backendUrl);
  if (folder) await mkdir(folder, { recursive: true, mode: 0o700 });
}
