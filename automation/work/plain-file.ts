import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Largest file of a release that is read here, in bytes. */
const LARGEST = 32 * 1024 * 1024;

/**
 * Reads a file of a release. Never through a link: a release may have one that leads to a secret which this process may read and its
 * program may not. Undefined when it is not there, or is no file.
 */
export async function readPlainFile(path: string): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  try {
    const facts = await file?.stat();
    if (!file || !facts?.isFile() || facts.size > LARGEST) return undefined;
    return await file.readFile();
  } finally {
    await file?.close();
  }
}
