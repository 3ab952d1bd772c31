import { createHash, type Hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { isApart } from "../../../automation/git/program.ts";

/** What lies in a checkout and belongs to no release: what Git keeps, what is installed, what is made, a runner's own data. */
const NO_RELEASE = new Set([".git", "node_modules", "site", "data"]);

/** What npm notes of all that it installed. */
const INSTALLED = join("node_modules", ".package-lock.json");

/** Most that is read of a checkout: what has more holds something else. */
const MOST_FILES = 20_000;
const MOST_BYTES = 128 * 1024 ** 2;

/**
 * A digest of the contents of all that can have a say in what a checkout's program makes of a stack, committed or not. Undefined where
 * that is too much to read.
 */
export function digestTree(folder: string, stack: string): string | undefined {
  const digest = createHash("sha256");
  const left = { files: MOST_FILES, bytes: MOST_BYTES };
  const names = readdirSync(folder).filter((name) => !NO_RELEASE.has(name) && !isApart(name, stack));
  for (const name of [...names, INSTALLED].sort()) add(digest, folder, name, left);
  return left.files < 0 || left.bytes < 0 ? undefined : digest.digest("hex");
}

function add(digest: Hash, folder: string, name: string, left: { files: number; bytes: number }): void {
  const path = join(folder, name);
  const facts = lstatSync(path, { throwIfNoEntry: false });
  left.files -= 1;
  left.bytes -= facts?.isFile() ? facts.size : 0;
  if (!facts || left.files < 0 || left.bytes < 0) return;
  digest.update(`${name}\0${facts.mode}\0`);
  if (facts.isDirectory()) {
    for (const each of readdirSync(path).sort())
      if (each !== "node_modules") add(digest, folder, join(name, each), left);
  } else if (facts.isSymbolicLink()) {
    digest.update(readlinkSync(path));
    // What it names may lie where nothing else is read.
    const named = statSync(path, { throwIfNoEntry: false });
    left.bytes -= named?.size ?? 0;
    if (named?.isFile()) digest.update(hash(path, left));
    else if (named) left.files = -1;
  } else if (facts.isFile()) digest.update(hash(path, left));
  digest.update("\0");
}

/** Of a file's contents, unless that is too much to read. */
function hash(path: string, { bytes }: { bytes: number }): Buffer | string {
  return bytes < 0 ? "" : createHash("sha256").update(readFileSync(path)).digest();
}
