import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * How gitleaks is called to look for secrets in a repository: in all of the history that is there, and in what is changed
 * and not committed yet. A copy of the files without a history is looked through as it lies there. What it finds is named,
 * never shown. Values that are none stand in `.gitleaks.toml`.
 *
 * @param {string} root folder of the repository
 * @returns {string[][]} the words of each call
 */
export function secretScans(root) {
  const common = ["--config", join(root, ".gitleaks.toml"), "--redact", "--verbose", "--no-banner", "--no-color"];
  if (!existsSync(join(root, ".git"))) return [["dir", ...common, root]];
  return [[], ["--pre-commit"], ["--pre-commit", "--staged"]].map((which) => ["git", ...which, ...common, root]);
}
