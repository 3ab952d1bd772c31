import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * Content of a file of a release, undefined when there is none. The release made the file: a link could lead to a file of the runner,
 * a pipe would never end. Throws when it is no plain file, or larger than `limit` bytes.
 */
export async function readInput(path: string, limit: number): Promise<Buffer | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error.code === "ELOOP" ? new Error("is a link and no file") : error;
  });
  if (!file) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error("is no file");
    if (facts.size > limit) throw new Error(`is larger than ${limit} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
