// Gets programs that only the tests need into the cache, each under the hash of what pins it. Python's come from files of requirements with
// hashes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../tools/engine-path.mjs";
import { runStep } from "../../tools/setup/run.mjs";

/** @param {string} name @param {string[]} pins files that decide what is installed @returns {string} */
export function folderOf(name, pins) {
  const hash = createHash("sha256").update(process.platform + process.arch);
  for (const file of pins) hash.update(readFileSync(file));
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 12)}`);
}

/**
 * Fills a folder of the cache in one step, so that a setup cut off leaves no half of it.
 * @param {string} folder
 * @param {(into: string) => Promise<void>} install
 * @returns {Promise<string>} the folder
 */
export async function once(folder, install) {
  if (existsSync(folder)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const fresh = mkdtempSync(`${folder}-new-`);
  try {
    await install(fresh);
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** @param {string} name @param {string} requirements @returns {Promise<string>} folder of the Python packages */
export function installPython(name, requirements) {
  return once(folderOf(name, [requirements]), (into) =>
    runStep(`Installing ${name} (once)`, "python3", [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"],
      ...["--target", into, "--requirement", requirements],
    ]),
  );
}
