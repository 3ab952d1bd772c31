import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cachedEngineFolder, cacheFolder, ENGINE_VERSION, findEngine } from "../engine-path.mjs";
import { downloadEngine } from "./download.mjs";
import { runStep } from "./run.mjs";

const tools = new URL("..", import.meta.url).pathname;

/**
 * Makes sure that there is an engine: on PATH, in the cache, by the official download, or built from its Go modules.
 * @param {AbortSignal} signal ends it early
 */
export async function installEngine(signal) {
  if (findEngine()) return;
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(cacheFolder(), "engine-new-"));
  try {
    const reasons = [];
    const ways = [() => downloadEngine(folder, signal), () => buildEngine(folder, signal)];
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

/**
 * What decides how long the compiler takes: on two cores the plain build needs ten minutes of processor time. Nine
 * tenths of it go into clouds' SDKs and commands that no update runs, so only what an update runs is optimised.
 */
const OPTIMISED = [
  "std",
  "github.com/pulumi/pulumi/...",
  "google.golang.org/grpc/...",
  "google.golang.org/protobuf/...",
];
const QUICK_BUILD = ["-gcflags=all=-dwarf=false -N -l", ...OPTIMISED.map((path) => `-gcflags=${path}=-dwarf=false`)];
/** Memory for time, up to a bound for each compiler. */
const QUICK_COMPILER = { GOGC: "400", GOMEMLIMIT: "2GiB" };

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
      ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${ENGINE_VERSION}`,
      minutes: "5 minutes",
    },
    {
      module: "language-host",
      output: "language-host",
      source: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
      ldflags: "-s -w",
      minutes: "15 s",
    },
  ];
  for (const { module, output, source, ldflags, minutes } of programs) {
    await runStep(
      `Building ${output} from its Go module (once, about ${minutes})`,
      "go",
      ["build", ...QUICK_BUILD, `-ldflags=${ldflags}`, "-o", join(folder, output), source],
      {
        cwd: join(tools, module),
        env: { ...process.env, ...QUICK_COMPILER, GOFLAGS: "-mod=readonly -buildvcs=false", CGO_ENABLED: "0" },
        signal,
      },
    );
  }
  cpSync(join(tools, "engine/launchers"), folder, { recursive: true });
}
