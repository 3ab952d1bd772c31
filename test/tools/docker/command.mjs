import { spawnSync } from "node:child_process";

/**
 * Runs a command quietly.
 * @param {string} program
 * @param {string[]} args
 * @returns {{ok: boolean, output: string}} `output` is what it printed, errors included
 */
export function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  return { ok: status === 0, output: error ? error.message : `${stdout}${stderr}`.trim() };
}

/** Something that this machine cannot do; the message says why and what would help. */
export class Unavailable extends Error {}
