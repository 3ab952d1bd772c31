import { rmSync } from "node:fs";
import { join } from "node:path";

/**
 * One place for the code that Node compiled, for all processes of a test run: most of them load the same libraries. Not
 * the person's own, where every copied checkout would stay.
 */
const folder = join(import.meta.dirname, "..", "node_modules", ".cache", "compiled-for-tests");

/**
 * Called by vitest before the tests: its workers have its environment. Emptied now and not afterwards, for what a test
 * started may end after the tests, and then writes there.
 */
export function setup(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.env.NODE_COMPILE_CACHE = folder;
}
