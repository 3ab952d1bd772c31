// What both of the runner's processes do before they load anything else. Code that was compiled once is kept in the data folder: then
// types need not be stripped again, and what strips them (12 MB that stay) is not loaded. So this file and those that import it first have
// no types. The first start makes that folder, with its rights, only after its configuration was found good, so it keeps nothing yet.
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// What a request leaves behind is looked at once there is 1 MiB of it. Else V8 lets the garbage of a burst grow to 64 MiB first, and keeps
// that memory.
setFlagsFromString("--semi-space-growth-factor=1");

const dataDir = process.env.DATA_DIR || "./data";
const cache = process.env.NODE_COMPILE_CACHE || (existsSync(dataDir) ? join(dataDir, "pulumi", "node") : undefined);
if (cache) enableCompileCache(cache);
