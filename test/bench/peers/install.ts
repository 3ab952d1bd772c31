import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { goBuild } from "../../../tools/setup/go-build.mjs";
import { runStep } from "../../../tools/setup/run.mjs";
import { goProgram } from "../../tools/docker/go-program.mjs";

const VERSION = "1.10.10";

/** A provider for Dokploy, at one commit (its v0.6.0). Its Go module cannot be had from the module proxy, its repository can. */
export const PROVIDER = {
  name: "ahmedali6/dokploy",
  repository: "https://github.com/ahmedali6/terraform-provider-dokploy",
  commit: "ceb9be4dddf897fe1939d1cb356484f2f4b767ae",
};

/** OpenTofu, built once from its Go module: its path. Throws where it cannot be had. */
export function installTofu(): Promise<string> {
  return goProgram({
    name: "tofu",
    module: new URL("tofu/", import.meta.url),
    source: "github.com/opentofu/opentofu/cmd/tofu",
    ldflags: `-X github.com/opentofu/opentofu/version.dev=no`,
    label: `Building OpenTofu ${VERSION} from its Go module (once, 3 to 15 minutes)`,
    otherwise: "there is no Go here to build OpenTofu with",
  });
}

/**
 * The provider, built once from its repository: the folder that it is in. `source`: another place with the same commits, e.g. a copy of
 * the repository on this machine. Throws where it cannot be had.
 */
export async function installProvider(source = PROVIDER.repository): Promise<string> {
  const program = join(cacheFolder(), `tofu-provider-${PROVIDER.commit.slice(0, 12)}`, "terraform-provider-dokploy");
  if (existsSync(program)) return dirname(program);
  const checkout = mkdtempSync(join(tmpdir(), "dockmaster-provider-"));
  try {
    const git = (...words: string[]) => runStep("Fetching the provider's source", "git", ["-C", checkout, ...words]);
    await git("init", "--quiet");
    await git("fetch", "--quiet", "--depth", "1", source, PROVIDER.commit);
    await git("checkout", "--quiet", PROVIDER.commit);
    const output = join(checkout, "built");
    await goBuild({ label: `Building ${PROVIDER.name} (once, 1 to 5 minutes)`, cwd: checkout, source: ".", output });
    mkdirSync(dirname(program), { recursive: true });
    renameSync(output, program);
    return dirname(program);
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
}
