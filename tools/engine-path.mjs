// Where the Pulumi engine is. Knows three places, in this order: PATH, and our cache outside the checkout, which
// `tools/setup.mjs` fills by download or build.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { shortcutEnvironment } from "./shortcuts/environment.mjs";

/** The engine release that this project is tested with; an older one on PATH is passed over. */
export const ENGINE_VERSION = "3.259.0";

const tools = new URL(".", import.meta.url).pathname;

/** Folder that holds what setup builds or downloads: `$XDG_CACHE_HOME/dockmaster`, by default `~/.cache/dockmaster`. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dockmaster");
}

/** Folder of the engine in the cache, keyed by all that goes into building it. */
export function cachedEngineFolder() {
  const hash = createHash("sha256").update(ENGINE_VERSION + process.platform + process.arch);
  for (const folder of ["engine", "language-host"]) {
    for (const name of readdirSync(join(tools, folder), { recursive: true, encoding: "utf8" }).sort()) {
      const file = join(tools, folder, name);
      if (statSync(file).isFile()) hash.update(name).update(readFileSync(file));
    }
  }
  return join(cacheFolder(), `engine-${ENGINE_VERSION}-${hash.digest("hex").slice(0, 12)}`);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} version @returns {boolean} whether it is at least ENGINE_VERSION */
function isNewEnough(version) {
  const [have, want] = [version, ENGINE_VERSION].map((v) => v.replace(/^v/, "").split(/[.-]/).slice(0, 3).map(Number));
  if (!have || !want || have.some(Number.isNaN)) return false;
  for (const i of [0, 1, 2]) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Programs that the engine starts for a TypeScript program with a dynamic provider. */
export const ENGINE_PROGRAMS = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/** @returns {string | undefined} the folder of the engine on PATH, when it is complete and new enough */
function engineOnPath() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const [folder, ...others] = ENGINE_PROGRAMS.map((program) =>
    folders.find((path) => isExecutable(join(path, program))),
  );
  if (!folder || others.includes(undefined)) return undefined;
  try {
    const version = execFileSync(join(folder, "pulumi"), ["version"], { encoding: "utf8", timeout: 20_000 }).trim();
    return isNewEnough(version) ? folder : undefined;
  } catch {
    // A program of that name that does not run is as good as none.
    return undefined;
  }
}

/** @type {string | undefined} */
let found;

/** @returns {string | undefined} the folder that holds the engine's programs, or undefined when none is installed */
export function findEngine() {
  if (found) return found;
  const cached = cachedEngineFolder();
  found =
    engineOnPath() ?? (ENGINE_PROGRAMS.every((program) => isExecutable(join(cached, program))) ? cached : undefined);
  return found;
}

/** @returns {string} like findEngine, but an absent engine is an error that says what to do */
export function enginePath() {
  const folder = findEngine();
  if (folder) return folder;
  throw new Error(
    `No Pulumi engine >= ${ENGINE_VERSION}: run "node tools/setup.mjs", or install Pulumi from https://www.pulumi.com/docs/install/`,
  );
}

/**
 * Environment for processes that need the engine: its folder first on PATH, then the project's own Node.
 * @param {NodeJS.ProcessEnv} [base]
 * @returns {NodeJS.ProcessEnv}
 */
export function engineEnvironment(base = process.env) {
  const path = [enginePath(), join(tools, "..", "node_modules", ".bin"), base.PATH].filter(Boolean).join(delimiter);
  return { ...base, PATH: path, ...shortcutEnvironment(base), PULUMI_SKIP_UPDATE_CHECK: "true" };
}
