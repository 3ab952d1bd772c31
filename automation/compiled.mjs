// What both of the runner's processes do before they load anything else. Code that was compiled once is kept in the data folder: then
// types need not be stripped again, and what strips them (12 MB that stay) is not loaded. So this file and those that import it first have
// no types, and code that nobody compiled yet is compiled by a process that ends with it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const root = fileURLToPath(new URL("..", import.meta.url));

/** How long compiling may take, in milliseconds: a second, on a machine that is busy some. */
const LONGEST = 60_000;

/**
 * What a request leaves behind is looked at once there is 1 MiB of it. Else V8 lets the garbage of a burst grow to 64 MiB first, and keeps
 * that memory.
 */
const FLAG = "--semi-space-growth-factor=1";
setFlagsFromString(FLAG);

// Where the environment names the folder, Node took it before the flag was set: compiled code counts for the flags that it was made with.
const { NODE_COMPILE_CACHE: given } = process.env;
const cache = given || join(process.env.DATA_DIR || "./data", "pulumi", "node");
if (!process.env.NODE_DISABLE_COMPILE_CACHE) {
  compileFirst(cache);
  if (existsSync(cache)) enableCompileCache(cache);
}

/**
 * Has the runner's own code compiled into `folder` where this code was not before. Where that cannot be, all goes on without; whoever
 * reads the configuration says what is wrong with the data folder.
 * @param {string} folder
 */
function compileFirst(folder) {
  try {
    const mark = join(folder, `runner-${fingerprint()}`);
    if (existsSync(mark)) return;
    // The data folder's rights, too, where it is not there yet.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const program = join(root, "tools/shortcuts/compile-runner.mjs");
    const { status } = spawnSync(process.execPath, [program, folder, given ? "" : FLAG], {
      env: {},
      stdio: "ignore",
      timeout: LONGEST,
    });
    if (status === 0) writeFileSync(mark, "");
  } catch {
    // A folder that is not ours to write, or a full disk.
  }
}

/** What the code is: it changes with every release, and Node's own with its version. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.version} ${process.arch} ${root}`);
  // The image has not all of them.
  for (const folder of ["automation", "components", "text", "tools"].filter((each) => existsSync(join(root, each)))) {
    for (const each of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!each.isFile() || !/\.[cm]?[jt]s$/.test(each.name)) continue;
      const file = join(each.parentPath, each.name);
      const { size, mtimeMs } = statSync(file);
      hash.update(`\n${file} ${size} ${mtimeMs}`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
