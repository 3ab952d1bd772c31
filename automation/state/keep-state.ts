import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { feedProgram } from "../../tools/run-program.mjs";

/** Whether a file is a state itself: a stack is known by it. */
const STATE = /(^|\/)stacks\/[^/]+\/[^/]+\.json$/;

/**
 * Puts a state of before, which comes as an archive, into a worker's folder, and never over what is there. It is unpacked aside and the
 * state itself moved last: one that was cut off in the middle is none, and comes again. Throws when it cannot be kept.
 */
export async function keepState(dataDir: string, files: AsyncIterable<Buffer>): Promise<void> {
  const aside = join(dataDir, "state-arriving");
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  try {
    const words = ["--extract", "--directory", aside, "--no-same-owner"];
    const env = { PATH: process.env.PATH, LC_ALL: "C" };
    await feedProgram("tar", words, files, { env, failure: "the state of before cannot be kept" });
    const found = await readdir(aside, { recursive: true, withFileTypes: true });
    const names = found
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(aside.length + 1));
    for (const name of names.sort((a, b) => Number(STATE.test(a)) - Number(STATE.test(b)))) {
      const to = join(dataDir, name);
      if (existsSync(to)) continue;
      await mkdir(dirname(to), { recursive: true });
      await rename(join(aside, name), to);
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
