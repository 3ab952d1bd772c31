// Gets the linters of the workflows, of the documentation and of secrets, each in the cache under the hash of what pins it.
// Quick when they are there already; needs Go for actionlint and gitleaks, and Python 3 with pip for zizmor and MkDocs.
import { join } from "node:path";
import { goBuild } from "../../../tools/setup/go-build.mjs";
import { folderOf, installPython, once } from "../python.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..", "..");

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
  return join(await installPython("zizmor", join(here, "zizmor.txt")), "bin", "zizmor");
}

/** @returns {Promise<string>} folder to put into PYTHONPATH */
export function installMkdocs() {
  return installPython("mkdocs", join(root, "docs", "requirements.txt"));
}
