import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../engine-path.mjs";
import { runStep } from "../setup/run.mjs";
import { run, Unavailable } from "./command.mjs";

const VERSION = "v2.40.0";
const source = new URL("compose/", import.meta.url).pathname;

/** Version of the Compose plugin that `docker` finds; undefined when there is none of v2 or newer. */
export function composeVersion() {
  const { ok, output } = run("docker", ["compose", "version", "--short"]);
  return ok && /^v?([2-9]|\d{2})\./.test(output) ? output : undefined;
}

/** @returns {string} the built plugin, its folder keyed by what it was built from */
function cachedPlugin() {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"]) hash.update(readFileSync(join(source, file)));
  return join(cacheFolder(), `compose-${hash.digest("hex").slice(0, 16)}`, "docker-compose");
}

async function build(/** @type {string} */ plugin) {
  if (!run("go", ["version"]).ok)
    throw new Unavailable(
      "Docker has no Compose plugin, and there is no Go to build one: install docker-compose-plugin",
    );
  const unfinished = `${plugin}-${process.pid}`;
  try {
    await runStep(
      `Building Docker Compose ${VERSION} from its Go module (once, 1 to 5 minutes)`,
      "go",
      [
        ...["build", "-trimpath", "-ldflags", `-s -w -X github.com/docker/compose/v2/internal.Version=${VERSION}`],
        ...["-o", unfinished, "github.com/docker/compose/v2/cmd"],
      ],
      { cwd: source, env: { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false", CGO_ENABLED: "0" } },
    );
    renameSync(unfinished, plugin);
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * Makes sure that `docker compose` works.
 * @throws {Unavailable} where it cannot be had
 */
export async function ensureCompose() {
  if (composeVersion()) return;
  const plugin = cachedPlugin();
  if (!existsSync(plugin)) await build(plugin);
  const plugins = join(homedir(), ".docker", "cli-plugins");
  mkdirSync(plugins, { recursive: true });
  const link = join(plugins, "docker-compose");
  rmSync(link, { force: true });
  symlinkSync(plugin, link);
  if (!composeVersion()) throw new Unavailable(`docker does not accept the plugin at ${link}`);
}
