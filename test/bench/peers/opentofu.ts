// `node test/bench/peers/opentofu.ts`: what OpenTofu with a provider for Dokploy takes where nothing is to be done, beside this project's
// own engine, in turn, on the same machine. Writes its part of docs/background/benchmarks.md unless --dry.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheCode } from "../../../cli/code-cache.ts";
import { createSimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { runProgram } from "../../../tools/run-program.mjs";
import { startHarness } from "../../integration/runner/harness.ts";
import { platformProgram } from "../../integration/runner/origin.ts";
import { startBenchPlatform } from "../platform.ts";
import { SERVICES } from "../programs.ts";
import { installProvider, installTofu, PROVIDER } from "./install.ts";
import { median, type PeerRow, writePeers } from "./section.ts";

/** What one command took. */
interface Taken {
  seconds: number;
  /** Requests that reached Dokploy. */
  requests: number;
}

const COUNT = 4;
const TIMES = 9;

const { values } = parseArgs({
  options: { dry: { type: "boolean", default: false }, provider: { type: "string" }, help: { type: "boolean" } },
});
if (values.help) {
  console.log(
    "Usage: node test/bench/peers/opentofu.ts [--provider <Git repository>] [--dry]\n\n--provider  where the provider's source is fetched from, default its repository; --dry writes no page.",
  );
  process.exit(0);
}

cacheCode();
const rows = await measure(await installTofu(), await installProvider(values.provider));
for (const { what, seconds, requests } of rows) console.log(`${what}: ${seconds.toFixed(2)} s, ${requests} requests`);
if (!values.dry) writePeers(rows);

/** All rows; each command in turn, so that what else the machine does meets all of them. */
async function measure(tofu: string, providerFolder: string): Promise<PeerRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-tofu-"));
  const containers = createSimulatedContainers({ stateFile: join(folder, "containers.json") });
  const dokploy = await startEmulator({ dataDir: folder, containers });
  const ours = await startBenchPlatform(COUNT, SERVICES);
  const runner = await startRunner();
  try {
    const run = prepareTofu(tofu, { folder, providerFolder, dokploy });
    await run(["apply", "-auto-approve"]);
    await ours.run(["up", "--yes", "--skip-preview"]);
    await runner.deploy({});
    const commands: Record<string, () => Promise<Taken>> = {
      "OpenTofu: `tofu plan`, which refreshes": () => run(["plan", "-detailed-exitcode"]),
      "OpenTofu: `tofu apply`, which refreshes": () => run(["apply", "-auto-approve"]),
      "Pulumi with this project's provider: drift check": () => ours.run(["refresh", "--preview-only"]),
      "Pulumi with this project's provider: update, with refresh": () =>
        ours.run(["up", "--yes", "--skip-preview", "--refresh"]),
      "This project's runner: deploy by an engine (`--full`)": () => runner.deploy({ full: true }),
      "This project's runner: deploy that a look answers": () => runner.deploy({}),
    };
    const seen = new Map<string, Taken[]>();
    for (let time = 0; time < TIMES; time += 1) {
      for (const [what, command] of Object.entries(commands)) {
        seen.set(what, [...(seen.get(what) ?? []), await command()]);
      }
    }
    return [...seen].map(([what, all]) => ({
      what,
      seconds: median(all.map(({ seconds }) => seconds)),
      requests: median(all.map(({ requests }) => requests)),
    }));
  } finally {
    await runner.stop();
    await ours.stop();
    await dokploy.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A runner with the platform's own four services, and its Dokploy. */
async function startRunner(): Promise<{ deploy(more: object): Promise<Taken>; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), "dockmaster-tofu-runner-"));
  const containers = createSimulatedContainers({ stateFile: join(dataDir, "containers.json") });
  const dokploy = await startEmulator({ dataDir, containers });
  const { NODE_COMPILE_CACHE = "" } = process.env;
  const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, NODE_COMPILE_CACHE };
  const program = platformProgram(["postgres", "redis", "minio", "authentik"]);
  const harness = await startHarness(access, { program, apart: true });
  return {
    deploy: async (more) => {
      dokploy.control.resetStatistics();
      const since = performance.now();
      const { status, body } = await harness.deploy("staging", "v1.0.1", { ...more }, { form: "v2" });
      const seconds = (performance.now() - since) / 1000;
      if (status !== 200) throw new Error(`the deploy was answered ${status}: ${JSON.stringify(body).slice(0, 2_000)}`);
      return { seconds, requests: dokploy.control.statistics().requests };
    },
    stop: async () => {
      await harness.stop();
      await dokploy.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A program of four services for OpenTofu, and what runs a command on it. Throws when one fails, or says that something is to be done. */
function prepareTofu(
  tofu: string,
  { folder, providerFolder, dokploy }: { folder: string; providerFolder: string; dokploy: Emulator },
): (words: string[]) => Promise<Taken> {
  const config = join(folder, "tofu.rc");
  // No registry is asked: the provider is the one that was built.
  const development = `dev_overrides { "${PROVIDER.name}" = "${providerFolder}" }`;
  writeFileSync(config, `provider_installation {\n  ${development}\n  direct {}\n}\n`);
  writeFileSync(join(folder, "main.tf"), program(dokploy.url));
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TF_CLI_CONFIG_FILE: config,
    TF_VAR_api_key: dokploy.apiKey,
    CHECKPOINT_DISABLE: "1",
  };
  return async (words) => {
    dokploy.control.resetStatistics();
    const since = performance.now();
    const { code, stdout, stderr } = await runProgram(tofu, [...words, "-no-color", "-input=false"], {
      cwd: folder,
      env,
    });
    const seconds = (performance.now() - since) / 1000;
    // With -detailed-exitcode 2 says that something is to be done.
    if (code !== 0) throw new Error(`tofu ${words.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`.slice(-4_000));
    return { seconds, requests: dokploy.control.statistics().requests };
  };
}

function program(url: string): string {
  const services = Array.from({ length: COUNT }, (_, n) => service(`service${n}`));
  return `terraform {
  required_providers { dokploy = { source = "${PROVIDER.name}" } }
}
variable "api_key" {
  type      = string
  sensitive = true
}
provider "dokploy" {
  host    = "${url}/api"
  api_key = var.api_key
}
resource "dokploy_project" "platform" {
  name        = "platform"
  description = "of the benchmark"
}
resource "dokploy_environment" "bench" {
  project_id  = dokploy_project.platform.id
  name        = "bench"
  description = "of the benchmark"
}
${services.join("\n")}`;
}

/** As small as ours (programs.ts). */
function service(name: string): string {
  return `resource "dokploy_compose" "${name}" {
  name                 = "${name}"
  environment_id       = dokploy_environment.bench.id
  source_type          = "raw"
  auto_deploy          = false
  deploy_on_create     = true
  env                  = "VALUE=1"
  compose_file_content = <<-EOT
    services:
      ${name}:
        image: busybox:1.36
        container_name: ${name}
        environment:
          - VALUE=$\${VALUE}
        healthcheck:
          test: [CMD, 'true']
          interval: 5s
  EOT
}
`;
}
