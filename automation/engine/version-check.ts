import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";

/** Tells whether the engine runs. */
export type EngineCheck = () => Promise<void>;

/**
 * Asks the engine on a PATH for its version, and again only when its file is another one or the last answer was none: starting it
 * costs more processor time than all else that a runner at rest does. Rejects when it is not there, or does not run within `timeoutMs`.
 */
export function checkEngine(path: string, timeoutMs: number): EngineCheck {
  let known: string | undefined;
  return async () => {
    const file = await identify(path);
    if (file === known) return;
    known = undefined;
    await askVersion(path, timeoutMs);
    known = file;
  };
}

/** What changes whenever the engine's file is replaced or written to. */
async function identify(path: string): Promise<string> {
  const [file, facts] = await findFile(path);
  return [file, facts.dev, facts.ino, facts.size, facts.mtimeMs, facts.ctimeMs].join(" ");
}

/** What tells one release of the engine from another, and is the same in a container that was made anew of the same image. */
export async function stampEngine(path: string): Promise<string> {
  const [, { size, mtimeMs }] = await findFile(path);
  return `${size} ${mtimeMs}`;
}

async function findFile(path: string): Promise<[file: string, facts: Stats]> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, "pulumi");
    const facts = folder === "" ? undefined : await stat(file).catch(() => undefined);
    if (!facts?.isFile() || (facts.mode & 0o111) === 0) continue;
    return [file, facts];
  }
  throw new Error("there is no pulumi on the runner's PATH");
}

async function askVersion(path: string, timeoutMs: number): Promise<void> {
  const env = { PATH: path, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { code, ended } = await runProgram("pulumi", ["version"], { env, timeoutMs });
  if (code !== 0) throw new Error(`pulumi version ended with ${ended ?? code}`);
}
