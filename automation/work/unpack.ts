import { chmod, chown, mkdir } from "node:fs/promises";
import { feedProgram } from "../../tools/run-program.mjs";
import { asUser, type RunUser, removeAs } from "./users.ts";

/**
 * Puts exactly the files of an archive into a folder: no changed, no extra file. They become `owner`'s, and others may read them; nobody
 * but root may add a name to the folder itself. Top-level `node_modules` of the archive is left out: the lock file says what is there.
 * Throws what reading the archive throws, and when it cannot be unpacked.
 */
export async function unpack(
  archive: AsyncIterable<Buffer>,
  folder: string,
  owner: RunUser | undefined,
  signal: AbortSignal,
): Promise<void> {
  await removeAs(folder, owner ? [owner] : []);
  await mkdir(folder, { recursive: true });
  if (owner) await chown(folder, owner.id, owner.id);
  const words = ["--extract", "--directory", folder, "--no-same-owner", "--no-same-permissions", "--no-overwrite-dir"];
  const [command = "tar", ...rest] = [...asUser(owner), "tar", ...words, "--anchored", "--exclude", "node_modules"];
  const env = { PATH: process.env.PATH, LC_ALL: "C" };
  await feedProgram(command, rest, archive, { env, signal, failure: "the commit's files cannot be unpacked" });
  if (owner) {
    const root = process.getuid?.() ?? 0;
    await chown(folder, root, root);
    await chmod(folder, 0o755);
  }
}
