import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
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
  await mkdir(join(folder, "info"), { recursive: true });
  await writeFile(join(folder, "info", "attributes"), WHOLE);
  const words = ["-c", "core.hooksPath=/dev/null", "archive", "--format=tar", commit];
  const git = spawn("git", words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], signal });
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
