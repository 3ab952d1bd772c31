import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const MODULE = join(import.meta.dirname, "..", "..", "..", "cli", "code-cache.ts");
const SCRIPT = `const { cacheCode } = await import(${JSON.stringify(MODULE)});
  cacheCode();
  process.stdout.write(process.env.NODE_COMPILE_CACHE ?? "none");`;

const cache = join(tmpdir(), "dockmaster-code-cache");

/** The folder that the engine and all others that a command starts find in their environment. */
function handedOn(env: Record<string, string>): string {
  const { PATH = "" } = process.env;
  const options = {
    encoding: "utf8",
    env: { PATH, XDG_CACHE_HOME: cache, NODE_DISABLE_COMPILE_CACHE: "1", ...env },
  } as const;
  return execFileSync(process.execPath, ["--input-type=module", "-e", SCRIPT], options);
}

test("what a command starts keeps its compiled code in the same folder, unless the shortcuts are off", () => {
  expect(handedOn({})).toBe(join(cache, "dockmaster", "node"));
  expect(handedOn({ DOCKMASTER_SHORTCUTS: "off" })).toBe("none");
});

test("a folder that was named is used, whatever is off", () => {
  expect(handedOn({ NODE_COMPILE_CACHE: "/named" })).toBe("/named");
  expect(handedOn({ NODE_COMPILE_CACHE: "/named", DOCKMASTER_SHORTCUTS: "off" })).toBe("/named");
});
