import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, symlink, utimes } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";

/** The dependencies of a checkout could not be had. */
export class DependenciesError extends Error {
  override readonly name = "DependenciesError";
}

/** Files that decide what gets installed. */
const INPUTS = ["package.json", "package-lock.json", ".npmrc"];

/**
 * Links `node_modules` of a worktree to the dependencies that its lock file names, installed once per lock file into
 * `<dataDir>/dependencies`. A lock file equal to the runner's own needs no installation: its own modules serve.
 * Throws DependenciesError.
 */
export async function linkDependencies(
  worktree: string,
  options: { dataDir: string; runnerFolder: string; env: Record<string, string | undefined>; signal?: AbortSignal },
): Promise<void> {
  const lock = await readFile(join(worktree, "package-lock.json")).catch(() => undefined);
  if (!lock) throw new DependenciesError("the release has no package-lock.json");
  const own = await readFile(join(options.runnerFolder, "package-lock.json")).catch(() => undefined);
  const modules = own?.equals(lock)
    ? join(options.runnerFolder, "node_modules")
    : await install(worktree, lock, options);
  const link = join(worktree, "node_modules");
  await rm(link, { recursive: true, force: true });
  await symlink(modules, link, "dir");
}

async function install(
  worktree: string,
  lock: Buffer,
  { dataDir, env, signal }: Parameters<typeof linkDependencies>[1],
): Promise<string> {
  const abi = `${process.platform}-${process.arch}-${process.versions.modules}`;
  const key = createHash("sha256").update(lock).update(abi).digest("hex").slice(0, 32);
  const folder = join(dataDir, "dependencies", key);
  const modules = join(folder, "node_modules");
  if (existsSync(modules)) {
    // Its time says when it was last used; what nobody uses is removed.
    const used = new Date();
    await utimes(folder, used, used);
    return modules;
  }

  // Made aside and renamed: a killed installation is never taken for a complete one.
  const draft = `${folder}.${randomUUID()}`;
  try {
    await mkdir(draft, { recursive: true });
    for (const file of INPUTS) {
      if (existsSync(join(worktree, file))) await copyFile(join(worktree, file), join(draft, file));
    }
    await npm(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], draft, env, signal);
    await mkdir(join(draft, "node_modules"), { recursive: true });
    await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return modules;
}

/** Scripts of packages never run here: they would run with the runner's rights. */
async function npm(
  words: string[],
  cwd: string,
  env: Record<string, string | undefined>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = [dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter);
  const options = { cwd, env: { ...env, PATH: path }, signal, keep: 4096 };
  const end = await runProgram("npm", words, options).catch((cause: Error) => {
    throw new DependenciesError(`npm ci could not run: ${cause.message}`, { cause });
  });
  if (end.code === 0) return;
  // It tells what went wrong on either.
  const said = `${end.stdout}\n${end.stderr}`.trim().split("\n").slice(-4).join(" ");
  throw new DependenciesError(`npm ci failed: ${end.ended ?? said}`);
}
