// Gets the linters of the workflows, of the documentation and of secrets, each in the cache under the hash of what pins it.
// Quick when they are there already; needs Go for actionlint and gitleaks, and Python 3 with pip for zizmor and MkDocs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { goBuild } from "../../../tools/setup/go-build.mjs";
import { runStep } from "../../../tools/setup/run.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..", "..");

/** @param {string} name @param {string[]} pins files that decide what is installed @returns {string} */
function folderOf(name, pins) {
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
async function once(folder, install) {
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
function python(name, requirements) {
  return once(folderOf(name, [requirements]), (into) =>
    runStep(`Installing ${name} (once)`, "python3", [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"],
      ...["--target", into, "--requirement", requirements],
    ]),
  );
}

/**
 * @param {string} name
 * @param {string} module folder of the `go.mod` that pins it
 * @param {string} source the package to build
 * @param {string} time how long that takes
 * @returns {Promise<string>} the program
 */
async function goLinter(name, module, source, time) {
  const pins = [join(module, "go.mod"), join(module, "go.sum")];
  const folder = await once(folderOf(name, pins), (into) =>
    goBuild({
      label: `Building ${name} from its Go module (once, about ${time})`,
      cwd: module,
      source,
      output: join(into, name),
    }),
  );
  return join(folder, name);
}

/** @returns {Promise<string>} the program */
export function installActionlint() {
  return goLinter("actionlint", here, "github.com/rhysd/actionlint/cmd/actionlint", "20 s");
}

/** @returns {Promise<string>} the program */
export function installGitleaks() {
  return goLinter("gitleaks", join(here, "gitleaks"), "github.com/zricethezav/gitleaks/v8", "50 s");
}

/** @returns {Promise<string>} the program */
export async function installZizmor() {
  return join(await python("zizmor", join(here, "zizmor.txt")), "bin", "zizmor");
}

/** @returns {Promise<string>} folder to put into PYTHONPATH */
export function installMkdocs() {
  return python("mkdocs", join(root, "docs", "requirements.txt"));
}
