// The engine worker: has checkouts, dependencies and the engine, and the keys that programs need. It has no store, no secret of a
// caller, no address of notices and no Git: the door, at the other end of one socket, hands it runs and hears what becomes of them.
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

// As in the door: V8 would let garbage grow to 64 MiB first, and keep that memory.
setFlagsFromString("--semi-space-growth-factor=1");

const dataDir = process.env.DATA_DIR || "./data";
const cache = process.env.NODE_COMPILE_CACHE || (existsSync(dataDir) ? join(dataDir, "pulumi", "node") : undefined);
if (cache) enableCompileCache(cache);
const { serveEngine } = await import("./serve-engine.ts");
await serveEngine();
