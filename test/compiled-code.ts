import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One place for the code that Node compiled, for all processes of a test run: most of them load the same libraries. Not
 * the person's own, where every copied checkout would stay.
 */
const folder = mkdtempSync(join(tmpdir(), "dockmaster-code-"));

/** Called by vitest before the tests: its workers have its environment. */
export function setup(): void {
  process.env.NODE_COMPILE_CACHE = folder;
}

/** Called by vitest after the tests. */
export function teardown(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
