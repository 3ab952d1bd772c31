import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runStep } from "./run.mjs";

const root = new URL("../..", import.meta.url).pathname;
const stamp = join(root, "node_modules", ".setup-stamp");

/** Hash of all that decides what `npm ci` installs here. */
function wanted() {
  const hash = createHash("sha256").update(process.platform + process.arch);
  for (const file of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/**
 * Runs `npm ci` unless node_modules was installed from exactly this lock file.
 * @param {AbortSignal} signal ends it early
 */
export async function installDependencies(signal) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted()) return;
  await runStep("Installing npm dependencies (with Node 24)", "npm", ["ci", "--no-fund", "--no-audit"], {
    cwd: root,
    signal,
  });
  writeFileSync(stamp, wanted());
}
