import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readProgram } from "../../tools/run-program.mjs";

const COMMIT = /^[0-9a-f]{40,64}$/;

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
  yield* readProgram("git", words, { cwd: folder, env, signal, failure: "the commit's files cannot be read" });
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
