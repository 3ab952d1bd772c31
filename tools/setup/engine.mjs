import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedEngineFolder, cacheFolder, ENGINE_VERSION, findEngine } from "../engine-path.mjs";
import { downloadEngine } from "./download.mjs";
import { runStep } from "./run.mjs";

const tools = new URL("..", import.meta.url).pathname;

/** The official CLI brings this script; it starts the SDK's dynamic provider from the program's own dependencies. */
const LAUNCHER = `#!/bin/sh
exec node "$(node -p 'require.resolve("@pulumi/pulumi/cmd/dynamic-provider")')" "$@"
`;

/** Makes sure that there is an engine: on PATH, in the cache, by the official download, or built from its Go modules. */
export async function installEngine() {
  if (findEngine()) return;
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "engine-new-"));
  try {
    const reasons = [];
    const ways = [() => downloadEngine(folder), () => buildEngine(folder)];
    for (const way of ways) {
      try {
        await way();
        return keep(folder);
      } catch (error) {
        reasons.push(`- ${error instanceof Error ? error.message : error}`);
      }
    }
    throw new Error(
      `The Pulumi engine could not be installed. Install Pulumi >= ${ENGINE_VERSION} (https://www.pulumi.com/docs/install/) or Go >= 1.25, then run the command again.\n${reasons.join("\n")}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder moved into its place in one step, so that a setup cut off leaves no half engine */
function keep(folder) {
  const target = cachedEngineFolder();
  if (existsSync(target)) rmSync(target, { recursive: true });
  renameSync(folder, target);
}

/** @param {string} folder */
async function buildEngine(folder) {
  if (spawnSync("go", ["version"]).status !== 0) throw new Error("no Go to build it with");
  const programs = [
    {
      module: "engine",
      output: "pulumi",
      source: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      flags: ["-ldflags", `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`],
      minutes: "3 to 5 minutes",
    },
    {
      module: "language-host",
      output: "pulumi-language-nodejs",
      source: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
      flags: ["-ldflags", "-s -w"],
      minutes: "15 s",
    },
  ];
  for (const { module, output, source, flags, minutes } of programs) {
    await runStep(
      `Building ${output} from its Go module (once, about ${minutes})`,
      "go",
      ["build", "-trimpath", ...flags, "-o", join(folder, output), source],
      { cwd: join(tools, module), env: { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false", CGO_ENABLED: "0" } },
    );
  }
  const launcher = join(folder, "pulumi-resource-pulumi-nodejs");
  writeFileSync(launcher, LAUNCHER);
  chmodSync(launcher, 0o755);
}
