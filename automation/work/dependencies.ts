import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, symlink, utimes } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { pickEnvironment } from "../environment.ts";
import { seenBy } from "../variables.ts";

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
function npm(
  words: string[],
  cwd: string,
  env: Record<string, string | undefined>,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = [dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter);
    const child = spawn("npm", words, { cwd, env: { ...pickEnvironment(env, seenBy("npm")), PATH: path }, signal });
    let said = "";
    const keep = (text: string) => {
      said = (said + text).slice(-4096);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (cause) => reject(new DependenciesError(`npm ci could not run: ${cause.message}`, { cause })));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new DependenciesError(`npm ci failed: ${said.trim().split("\n").slice(-4).join(" ")}`));
    });
  });
}
