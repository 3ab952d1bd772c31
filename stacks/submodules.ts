import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/**
 * Whether a file of this checkout belongs to a Git submodule. A release is a commit of the repository alone, so such a file is on a
 * laptop and nowhere else. One that was not fetched is known by `.gitmodules`, one that was by its own `.git`.
 */
export function isInSubmodule(file: string): boolean {
  const real = existsSync(file) ? realpathSync(file) : file;
  // A link of the checkout may lead there.
  return liesInSubmodule(file) || (real.startsWith(`${ROOT}${sep}`) && liesInSubmodule(real));
}

function liesInSubmodule(file: string): boolean {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const modules = join(folder, ".gitmodules");
    const own = relative(folder, file).split(sep).join("/");
    if (existsSync(modules) && readPaths(modules).some((path) => own === path || own.startsWith(`${path}/`)))
      return true;
    // The checkout's own `.git` is none of a submodule.
    if (folder === ROOT) return false;
    if (existsSync(join(folder, ".git"))) return true;
  }
  return false;
}

/** Git writes one `path = …` for each, quoted when it has to be. */
function readPaths(modules: string): string[] {
  const lines = readFileSync(modules, "utf8").matchAll(/^\s*path\s*=\s*(.*?)\s*$/gm);
  return [...lines].map(([, path = ""]) => path.replace(/^"(.*)"$/, "$1").replace(/\/+$/, ""));
}
