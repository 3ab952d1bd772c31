import { existsSync } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readProgram } from "../../tools/run-program.mjs";
import type { Log } from "../log.ts";
import type { Connection } from "./connection.ts";

/** One stack of the folder of states that a runner of before, one process, kept in its data folder. */
interface OldStack {
  project: string;
  stack: string;
  /** Relative to the data folder. */
  paths: string[];
}

/**
 * Hands a worker the states of before that are its stacks' and that it does not have, so that nothing is lost when one process becomes
 * two with a folder each. What was handed over stays, below `state-before`. Throws when the worker cannot keep it.
 */
export async function handState(
  dataDir: string,
  { hello, handState: hand }: Connection,
  { stack: served, others, log }: { stack: string; others: readonly string[]; log: Log },
): Promise<void> {
  for (const { project, stack, paths } of await findOldStacks(dataDir)) {
    const isIts = served === stack || (served === "*" && !others.includes(stack));
    if (!isIts || (hello.stacks && !hello.stacks.includes(stack))) continue;
    // One whose states are elsewhere knows all of them.
    if (hello.knows.includes("*") || hello.knows.includes(`${project}/${stack}`)) continue;
    await hand(pack(dataDir, paths));
    for (const path of paths) await setAside(dataDir, path);
    log.warn({ event: "state.handed_over", project, stack });
  }
}

async function findOldStacks(dataDir: string): Promise<OldStack[]> {
  const root = join("state", ".pulumi");
  const list = async (path: string) => await readdir(join(dataDir, path)).catch(() => []);
  const found: OldStack[] = [];
  for (const project of await list(join(root, "stacks"))) {
    const files = await list(join(root, "stacks", project));
    for (const name of files.filter((file) => file.endsWith(".json"))) {
      const stack = name.slice(0, -".json".length);
      const own = files.filter((file) => file === name || file.startsWith(`${name}.`));
      const folders = [join("history", project, stack), join("backups", project, stack)];
      const paths = [...own.map((file) => join("stacks", project, file)), ...folders].map((path) => join(root, path));
      found.push({ project, stack, paths: paths.filter((path) => existsSync(join(dataDir, path))) });
    }
  }
  return found;
}

function pack(dataDir: string, paths: readonly string[]): AsyncGenerator<Buffer> {
  const words = ["--create", "--directory", dataDir, "--", ...paths];
  const env = { PATH: process.env.PATH, LC_ALL: "C" };
  return readProgram("tar", words, { env, failure: "the state of before cannot be read" });
}

async function setAside(dataDir: string, path: string): Promise<void> {
  const to = join(dataDir, "state-before", path.slice("state/".length));
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rename(join(dataDir, path), to);
}
