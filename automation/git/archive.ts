import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const COMMIT = /^[0-9a-f]{40,64}$/;

/** How much of what git says is kept, in characters. */
const SAID = 2_000;

/** A commit is handed on as it is: its own attributes may leave files out of archives, and write into others. */
const WHOLE = "* -export-ignore -export-subst\n";

/**
 * The files of a commit of a bare repository as a tar archive, piece by piece. `env` is what git sees. Throws when git cannot tell, also
 * in the middle.
 */
export async function* archiveCommit(
  folder: string,
  commit: string,
  { env, signal }: { env: Record<string, string>; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  if (!COMMIT.test(commit)) throw new Error(`"${commit}" is no commit`);
  await writeAttributes(join(folder, "info"));
  const words = ["-c", "core.hooksPath=/dev/null", "archive", "--format=tar", commit];
  const git = spawn("git", words, {
    ...{ cwd: folder, env, signal },
    stdio: ["ignore", "pipe", "pipe"],
    // A terminal's Ctrl-C is for the runner to handle: what it does then still needs the files.
    detached: true,
  });
  let said = "";
  git.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-SAID);
  });
  const closed = once(git, "close") as Promise<[number | null]>;
  closed.catch(() => {});
  try {
    for await (const piece of git.stdout) yield piece as Buffer;
    const [code] = await closed;
    if (code !== 0) throw new Error(`the commit's files cannot be read: ${said.trim() || `git ended with ${code}`}`);
  } finally {
    git.kill("SIGKILL");
  }
}

/** Whole or not at all: another commit may be read from this repository now. */
async function writeAttributes(info: string): Promise<void> {
  const file = join(info, "attributes");
  if ((await readFile(file, "utf8").catch(() => undefined)) === WHOLE) return;
  await mkdir(info, { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, WHOLE);
  await rename(draft, file);
}
