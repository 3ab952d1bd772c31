import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, Unavailable } from "./command.mjs";
import { goProgram } from "./go-program.mjs";

const VERSION = "v2.40.0";

/** Version of the Compose plugin that `docker` finds; undefined when there is none of v2 or newer. */
export function composeVersion() {
  const { ok, output } = run("docker", ["compose", "version", "--short"]);
  return ok && /^v?([2-9]|\d{2})\./.test(output) ? output : undefined;
}

/** The plugin, built once. */
function buildPlugin() {
  return goProgram({
    name: "compose",
    program: "docker-compose",
    module: new URL("compose/", import.meta.url),
    source: "github.com/docker/compose/v2/cmd",
    ldflags: `-X github.com/docker/compose/v2/internal.Version=${VERSION}`,
    label: `Building Docker Compose ${VERSION} from its Go module (once, 1 to 5 minutes)`,
    otherwise: "Docker has no Compose plugin, and there is no Go to build one: install docker-compose-plugin",
  });
}

/**
 * Makes sure that `docker compose` works.
 * @throws {Unavailable} where it cannot be had
 */
export async function ensureCompose() {
  if (composeVersion()) return;
  const plugin = await buildPlugin();
  const plugins = join(homedir(), ".docker", "cli-plugins");
  mkdirSync(plugins, { recursive: true });
  const link = join(plugins, "docker-compose");
  rmSync(link, { force: true });
  symlinkSync(plugin, link);
  if (!composeVersion()) throw new Unavailable(`docker does not accept the plugin at ${link}`);
}
