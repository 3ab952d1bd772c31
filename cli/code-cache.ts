import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { cacheFolder } from "../tools/engine-path.mjs";
import { takesShortcuts } from "../tools/shortcuts/switch.cjs";

/**
 * Keeps compiled code outside the checkout, for this process and, as one of the shortcuts, for those that it starts: types are stripped
 * and libraries compiled once instead of at every start. Without a folder to write to all goes on, only slower.
 * https://nodejs.org/api/module.html#module-compile-cache
 */
export function cacheCode(): void {
  const folder = process.env.NODE_COMPILE_CACHE || join(cacheFolder(), "node");
  if (takesShortcuts()) process.env.NODE_COMPILE_CACHE = folder;
  enableCompileCache(folder);
}
