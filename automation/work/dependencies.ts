import type { ChildProcess } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";
import type { EngineSession } from "../domain/run.ts";
import { describeSession, killSession } from "../engine/process-group.ts";
import {
  assessLock,
  assessManifest,
  DEPENDENCY_FIELDS,
  type Lock,
  type LockEntry,
  pickFields,
} from "./npm/assess-lock.ts";
import { findMissing, type Platform, readPlatform } from "./npm/installed.ts";
import { pickNpmrc } from "./npm/pick-npmrc.ts";
import { readInput } from "./npm/read-input.ts";

/** The dependencies of a checkout could not be had. */
export class DependenciesError extends Error {
  override readonly name = "DependenciesError";
}

/** What decides where dependencies are put and how they are had. */
export interface DependenciesOptions {
  /** Where installations are kept. */
  folder: string;
  /** The runner's own checkout. */
  runnerFolder: string;
  /** What npm sees. */
  env: Record<string, string | undefined>;
  /** Ends npm and all that it started. */
  signal?: AbortSignal;
  /** Whose the installations become, where that is not this process's own user. */
  owner?: Owner | undefined;
}

/** Another user that installs. */
export interface Owner {
  /** Runs a program as that user. */
  run: typeof runProgram;
  /** Makes a folder of this process's with all that is in it that user's. */
  give(folder: string): Promise<void>;
  /** Removes a path, whatever that user put below it. */
  remove(path: string): Promise<void>;
}

/** What is said of linked dependencies. */
export interface LinkedDependencies {
  /** Settings of the release's `.npmrc` that npm does not get, by name. */
  ignored: string[];
}

/** Largest lock and largest of the other files, in bytes. */
const LOCK_LIMIT = 32 * 1024 ** 2;
const FILE_LIMIT = 1024 ** 2;

/** What npm reads of package.json to install what a lock says; `scripts`, `workspaces` or `packageManager` it does not need. */
const MANIFEST_FIELDS = ["name", "version", ...DEPENDENCY_FIELDS, "peerDependenciesMeta", "overrides"];

/**
 * Words that win over whatever the runner's user has configured. Scripts of packages never run here, since they would run with the
 * runner's rights. Older npm knows no `--allow-…` and only warns; there `--git` leads nowhere.
 */
const NPM_WORDS = [
  "ci",
  "--omit=dev",
  "--ignore-scripts",
  "--dry-run=false",
  "--global=false",
  "--workspaces=false",
  "--omit-lockfile-registry-resolved=false",
  "--allow-git=none",
  "--allow-file=none",
  "--allow-directory=none",
  "--no-audit",
  "--no-fund",
];

/**
 * Links `node_modules` of a worktree to the dependencies that its lock file names, installed once into `folder` for all
 * that decides what gets installed. A lock file equal to the runner's own needs no installation: its own modules serve. Nothing is
 * used that is not complete. Throws DependenciesError.
 */
export async function linkDependencies(worktree: string, options: DependenciesOptions): Promise<LinkedDependencies> {
  const lock = await readFileOf(worktree, "package-lock.json", LOCK_LIMIT);
  if (!lock) throw new DependenciesError("the release has no package-lock.json");
  const npmrc = pickNpmrc(String((await readFileOf(worktree, ".npmrc", FILE_LIMIT)) ?? ""));
  const modules = (await ownModules(lock, options.runnerFolder)) ?? (await installed(worktree, lock, npmrc, options));
  const link = join(worktree, "node_modules");
  await rm(link, { recursive: true, force: true });
  await symlink(modules, link, "dir");
  return { ignored: npmrc.ignored };
}

/** The runner's own modules, where its lock is the same and they are complete. */
async function ownModules(lock: Buffer, runnerFolder: string): Promise<string | undefined> {
  const own = await readFile(join(runnerFolder, "package-lock.json")).catch(() => undefined);
  if (!own?.equals(lock)) return undefined;
  const modules = join(runnerFolder, "node_modules");
  const { packages = {} } = parseJson(lock, "package-lock.json") as { packages?: Lock["packages"] };
  return (await findMissing(modules, packages, platform())).length === 0 ? modules : undefined;
}

let knownPlatform: Platform | undefined;
const platform = () => (knownPlatform ??= readPlatform());

/** All that npm gets. */
interface Inputs {
  lock: Lock;
  manifest: LockEntry;
  npmrc: string;
}

async function installed(
  worktree: string,
  lockFile: Buffer,
  npmrc: ReturnType<typeof pickNpmrc>,
  options: DependenciesOptions,
): Promise<string> {
  const manifestFile = await readFileOf(worktree, "package.json", FILE_LIMIT);
  if (!manifestFile) throw new DependenciesError("the release has no package.json");
  const { lock, problems = [] } = assessLock(parseJson(lockFile, "package-lock.json"));
  const manifest = parseJson(manifestFile, "package.json");
  problems.push(...assessManifest(manifest));
  if (!lock || problems.length > 0) throw new DependenciesError(refusal(problems));

  const npmVersion = await readNpmVersion(options);
  const facts = JSON.stringify([platform(), process.versions.modules, npmVersion]);
  const key = createHash("sha256");
  for (const input of [lockFile, manifestFile, npmrc.text, facts]) key.update(`${input.length} `).update(input);
  const folder = join(options.folder, key.digest("hex").slice(0, 32));
  if (!(await isComplete(folder, lock))) {
    const inputs = { lock, manifest: manifest as LockEntry, npmrc: npmrc.text };
    await install(folder, inputs, options).catch((error: unknown) => {
      if (!(error instanceof DependenciesError) || npmrc.ignored.length === 0) throw error;
      const ignored = npmrc.ignored.slice(0, 10).join(", ");
      throw new DependenciesError(`${error.message} (of .npmrc only registries are used, not: ${ignored})`, {
        cause: error,
      });
    });
  }
  // Its time says when it was last used; what nobody uses is removed.
  const used = new Date();
  await utimes(folder, used, used);
  return join(folder, "node_modules");
}

async function isComplete(folder: string, lock: Lock): Promise<boolean> {
  if (!existsSync(folder)) return false;
  return (await findMissing(join(folder, "node_modules"), lock.packages, platform())).length === 0;
}

/** Says what a lock is refused for, five entries by name. */
function refusal(problems: string[]): string {
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : "";
  return `dependencies must come from https: addresses with integrity: ${problems.slice(0, 5).join("; ")}${more}`;
}

/** Made aside and renamed: a killed installation is never taken for a complete one. */
async function install(folder: string, { lock, manifest, npmrc }: Inputs, options: DependenciesOptions): Promise<void> {
  const draft = `${folder}.${randomUUID()}`;
  const bad = `${draft}.bad`;
  try {
    await mkdir(join(draft, "node_modules"), { recursive: true });
    // Written from what was assessed: what is not understood here never comes to npm.
    const { name, version, ...picked } = pickFields(manifest, MANIFEST_FIELDS);
    await writeFile(join(draft, "package.json"), JSON.stringify({ name, version, ...picked }));
    await writeFile(join(draft, "package-lock.json"), JSON.stringify({ name, version, requires: true, ...lock }));
    await writeFile(join(draft, ".npmrc"), npmrc);
    await options.owner?.give(draft);
    await npm([...NPM_WORDS, `--git=${join(draft, "no-git")}`], draft, options);
    const missing = await findMissing(join(draft, "node_modules"), lock.packages, platform());
    if (missing.length > 0) {
      throw new DependenciesError(`npm ci ended well and left out ${missing.slice(0, 5).join(", ")}`);
    }
    // Another run may have made the same meanwhile, and uses it.
    if (await isComplete(folder, lock)) return;
    await rename(folder, bad).catch(ignoring("ENOENT"));
    await rename(draft, folder).catch(ignoring("ENOTEMPTY", "EEXIST"));
  } finally {
    const remove = options.owner?.remove ?? ((path: string) => rm(path, { recursive: true, force: true }));
    await Promise.all([draft, bad].filter(existsSync).map(remove));
  }
}

/** Runs npm to its end; nothing that it started outlives it. */
async function npm(
  words: string[],
  cwd: string,
  { env, signal, owner }: Pick<DependenciesOptions, "env" | "signal" | "owner">,
): Promise<string> {
  const path = [dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter);
  let session: EngineSession | undefined;
  const started = (child: ChildProcess) => {
    session = child.pid === undefined ? undefined : describeSession(child.pid);
  };
  const options = { cwd, env: { ...env, PATH: path }, signal, keep: 4096, apart: true, started };
  const end = await (owner?.run ?? runProgram)("npm", words, options)
    .catch((cause: Error) => {
      throw new DependenciesError(`npm ${words[0]} could not run: ${cause.message}`, { cause });
    })
    .finally(() => session && killSession(session));
  if (end.code === 0) return end.stdout;
  // It tells what went wrong on either.
  const said = `${end.stdout}\n${end.stderr}`.trim().split("\n").slice(-4).join(" ");
  throw new DependenciesError(`npm ${words[0]} failed: ${end.ended ?? said}`);
}

/** By PATH: which npm it is does not change while a process runs. */
const npmVersions = new Map<string | undefined, string>();

async function readNpmVersion(options: DependenciesOptions): Promise<string> {
  const known = npmVersions.get(options.env.PATH);
  if (known !== undefined) return known;
  // Not in the worktree: npm reads the settings of where it runs before it does anything.
  const version = (await npm(["--version"], options.runnerFolder, options)).trim();
  npmVersions.set(options.env.PATH, version);
  return version;
}

/** A file of the release, undefined when it has none. */
async function readFileOf(worktree: string, name: string, limit: number): Promise<Buffer | undefined> {
  return readInput(join(worktree, name), limit).catch((cause: Error) => {
    throw new DependenciesError(`the release's ${name} cannot be read: it ${cause.message}`, { cause });
  });
}

function parseJson(file: Buffer, name: string): unknown {
  try {
    return JSON.parse(file.toString());
  } catch {
    // The parser's own words quote the file.
    throw new DependenciesError(`the release's ${name} is no JSON`);
  }
}

function ignoring(...codes: string[]) {
  return (error: NodeJS.ErrnoException) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}
