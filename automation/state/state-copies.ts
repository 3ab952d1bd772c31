import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What the engine marks a secret with (pulumi/pulumi, sdk/go/common/resource/sig of v3.259.0): key and value. */
const [SIGNATURE, SECRET] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];

/** The folder that keeps a state's copies: each is made before an update that was cut off is repaired. */
export function stateCopies(dataDir: string): string {
  return join(dataDir, "state-copies");
}

/** Writes a copy, for the runner's user alone, whole or not at all. */
export async function writeStateCopy(file: string, text: string): Promise<void> {
  const aside = `${file}.part`;
  await writeFile(aside, text, { mode: 0o600 });
  await rename(aside, file);
}

/**
 * Whether a copy of a state may hold secrets in clear: one of them says so, or the text is no JSON, as of a copy that was cut
 * off, so that nobody can tell and nobody can put it back either. Pure.
 */
export function holdsClearSecrets(text: string): boolean {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    return true;
  }
  return isAnyClear(state);
}

function isAnyClear(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET && "plaintext" in value) return true;
  return Object.values(value).some(isAnyClear);
}

/**
 * Removes the copies that hold secrets in clear, which older runners wrote, and what is left of copies that were cut off.
 * Nobody may be writing one. Answers the names of those removed, and why others could not be; nothing when there is no folder.
 */
export async function removeClearCopies(dataDir: string): Promise<{ removed: string[]; errors: unknown[] }> {
  const folder = stateCopies(dataDir);
  const removed: string[] = [];
  const errors: unknown[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    try {
      if (!holdsClearSecrets(await readFile(file, "utf8"))) continue;
      await rm(file);
      removed.push(name);
    } catch (error) {
      // One that cannot be read keeps no other.
      errors.push(error);
    }
  }
  return { removed, errors };
}
