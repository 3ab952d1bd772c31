import { flushCompileCache } from "node:module";

/**
 * Ends this process when the engine that started it is gone. The engine's plugins run in process groups of their own, so a killed
 * engine would leave the provider deploying beside the recovery.
 */
export function exitWithParent(interval = 500): void {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(1), interval).unref();
}

/**
 * Keeps the code that this process compiled for the next one, where NODE_COMPILE_CACHE names a folder: Node does that at its
 * end, but the engine ends its plugins with SIGKILL.
 */
export function keepCompiledCode(afterMs = 1000): void {
  setTimeout(flushCompileCache, afterMs).unref();
}
