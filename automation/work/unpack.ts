import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir } from "node:fs/promises";
import { asUser, type RunUser, removeAs } from "./users.ts";

/** How much of what tar says is kept, in characters. */
const SAID = 2_000;

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
  const tar = spawn(command, rest, {
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    stdio: ["pipe", "ignore", "pipe"],
    signal,
    // A terminal's Ctrl-C is for the runner to handle.
    detached: true,
  });
  let said = "";
  tar.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-SAID);
  });
  tar.stdin.on("error", () => {});
  const closed = once(tar, "close") as Promise<[number | null]>;
  closed.catch(() => {});
  try {
    for await (const piece of archive) {
      if (!tar.stdin.write(piece)) await Promise.race([once(tar.stdin, "drain"), closed]);
    }
    tar.stdin.end();
  } catch (error) {
    tar.kill("SIGKILL");
    throw error;
  }
  const [code] = await closed;
  if (code !== 0) throw new Error(`the commit's files cannot be unpacked: ${said.trim() || `tar ended with ${code}`}`);
  if (owner) {
    const root = process.getuid?.() ?? 0;
    await chown(folder, root, root);
    await chmod(folder, 0o755);
  }
}
