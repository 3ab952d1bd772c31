import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { goBuild } from "../../../tools/setup/go-build.mjs";
import { run, Unavailable } from "./command.mjs";

/**
 * A program built from its Go module, in a cache keyed by what it is built from.
 *
 * @param {{name: string, program?: string, module: URL, source: string, ldflags: string, label: string, otherwise: string}} options `program`: file name, when that is
 *   not the name. `module`: folder of a `go.mod` of our own. `source`: the package to build. `otherwise`: what helps where there is no Go
 * @returns {Promise<string>} its path
 * @throws {Unavailable} where it cannot be built
 */
export async function goProgram({ name, program: file = name, module, source, ldflags, label, otherwise }) {
  const hash = createHash("sha256");
  for (const part of ["go.mod", "go.sum", "main.go"]) hash.update(readFileSync(new URL(part, module)));
  const program = join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 16)}`, file);
  if (existsSync(program)) return program;
  if (!run("go", ["version"]).ok) throw new Unavailable(otherwise);
  mkdirSync(dirname(program), { recursive: true });
  const unfinished = `${program}-${process.pid}`;
  try {
    await goBuild({ label, cwd: module.pathname, source, output: unfinished, ldflags });
    renameSync(unfinished, program);
    return program;
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(unfinished, { force: true });
  }
}
