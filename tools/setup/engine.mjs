import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cachedEngineFolder, cacheFolder, ENGINE_VERSION, findEngine } from "../engine-path.mjs";
import { downloadEngine } from "./download.mjs";
import { goBuild } from "./go-build.mjs";

const tools = new URL("..", import.meta.url).pathname;

/**
 * Makes sure that there is an engine: on PATH, in the cache, by the official download, or built from its Go modules (which `go.sum` knows).
 * @param {AbortSignal} signal ends it early
 * @param {string} [checksums] of the downloads; default: the repository's
 */
export async function installEngine(signal, checksums) {
  if (findEngine()) return;
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "engine-new-"));
  try {
    const reasons = [];
    const ways = [() => downloadEngine(folder, signal, checksums), () => buildEngine(folder, signal)];
    for (const way of ways) {
      signal.throwIfAborted();
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

/** What an update runs most. */
const OPTIMISED = ["github.com/pulumi/pulumi/...", "google.golang.org/grpc/...", "google.golang.org/protobuf/..."];

/**
 * @param {string} folder
 * @param {AbortSignal} signal
 */
async function buildEngine(folder, signal) {
  if (spawnSync("go", ["version"]).status !== 0) throw new Error("no Go to build it with");
  const programs = [
    {
      module: "engine",
      output: "pulumi",
      source: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`,
      minutes: "5 minutes",
    },
    {
      module: "language-host",
      output: "language-host",
      source: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
      minutes: "15 s",
    },
  ];
  for (const { module, output, source, ldflags, minutes } of programs) {
    await goBuild({
      label: `Building ${output} from its Go module (once, about ${minutes})`,
      cwd: join(tools, module),
      source,
      output: join(folder, output),
      ldflags,
      optimised: OPTIMISED,
      signal,
    });
  }
  cpSync(join(tools, "engine/launchers"), folder, { recursive: true });
}
