import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createSimulatedContainers, type SimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { startEmulator } from "../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { findPostgres, startPostgres } from "../../contract/store/postgres-server.ts";
import { type OpenbaoServer, openbaoMissing, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { withPlugin } from "../../plugins/plugins.ts";
import { engineHome } from "../engine-home.ts";
import { type DokployFront, startFront } from "./dokploy-front.ts";
import { type GithubDouble, startGithub } from "./github-double.ts";

const ROOT = new URL("../../..", import.meta.url).pathname;

/** Why these tests cannot run here: the state must be shared, and secrets are in Vault. */
export const missing =
  openbaoMissing ??
  (findPostgres() || process.env.REQUIRE_POSTGRES === "1"
    ? undefined
    : "no PostgreSQL here: install the package postgresql");

/** What a test's title adds when it is skipped. */
export const note = missing ? ` (${missing})` : "";

/** How a command ended. */
export interface Outcome {
  ok: boolean;
  /** Both output streams. */
  text: string;
  /** Resource name → operation, without those that stayed the same. */
  changes: Record<string, string>;
}

/** A release that is checked out, and everything around it: Vault, GitHub, Dokploy, a shared state. */
export interface Harness {
  bao: OpenbaoServer;
  github: GithubDouble;
  dokploy: DokployFront;
  containers: SimulatedContainers;
  /** Folder of the checkout. */
  checkout: string;
  commit: string;
  /** Environment of every command. */
  env: Record<string, string>;
  /** Writes `Pulumi.bootstrap.yaml`: these keys below what is needed anyway. */
  configure(bootstrap?: Record<string, unknown>): void;
  run(args: string[], env?: Record<string, string>): Promise<Outcome>;
  /** Images that were pushed. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests know what the stand-in notes.
  pushed(): any[];
  /** All that was said, and the state as it is stored. */
  everything(): Promise<string>;
  stop(): Promise<void>;
}

export const UP = ["up", "--yes", "--skip-preview", "--refresh"];
export const PREVIEW = ["preview", "--diff"];

/** Sets everything up. The first update has not run yet. */
export async function startHarness(): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-bootstrap-"));
  const checkout = join(folder, "checkout");
  const commit = copyRelease(checkout);
  const containers = createSimulatedContainers({ stateFile: join(folder, "containers.json") });
  mkdirSync(join(folder, "dokploy"));
  const emulator = await startEmulator({ dataDir: join(folder, "dokploy"), containers });
  const [dokploy, bao, github] = await Promise.all([
    startFront(emulator.url, emulator.apiKey),
    startOpenbao(),
    startGithub(),
  ]);
  const postgres = await startPostgres(findPostgres() ?? "");
  const pushes = join(folder, "pushed.jsonl");
  // The engine's own client wants the socket's folder as a parameter.
  const [, user = "", socket = "", database = ""] =
    /^postgres:\/\/([^@]+)@([^/]+)\/(.+)$/.exec(await postgres.createDatabase()) ?? [];
  const backend = `postgres:///${database}?host=${socket}&user=${user}&sslmode=disable`;

  const base = engineEnvironment({ PATH: process.env.PATH });
  const plugins = (["vault", "docker", "github"] as const).map((name) => withPlugin(name, base));
  const own = plugins.map(({ path }) => path.split(":")[0]);
  const env: Record<string, string> = {
    PATH: [...own, base.PATH].join(":"),
    HOME: folder,
    ...(await engineHome(folder)),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_BACKEND_URL: backend,
    PULUMI_CONFIG_PASSPHRASE: "passphrase-canary",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    // Shows the flag --event-log.
    PULUMI_DEBUG_COMMANDS: "true",
    PUSHED_IMAGES: pushes,
    PLATFORM_KEY: "platform-key-canary-of-more-than-32-characters",
    DOKPLOY_URL: dokploy.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    VAULT_ADDR: bao.address,
    VAULT_TOKEN: bao.rootToken,
    GITHUB_TOKEN: github.token,
    GIT_REPO_URL: "https://git-canary@git.example.org/you/platform.git",
    REGISTRY_PASSWORD: "push-canary",
    REGISTRY_PULL_PASSWORD: "pull-canary",
  };
  let said = "";
  let commands = 0;

  async function run(args: string[], more: Record<string, string> = {}): Promise<Outcome> {
    const log = join(folder, `events-${commands++}.json`);
    const operates = ["up", "preview", "destroy", "refresh"].includes(args[0] ?? "");
    const flags = operates ? ["--event-log", log] : [];
    const child = spawn("pulumi", ["-C", checkout, ...args, ...flags, "--stack", "bootstrap", "--non-interactive"], {
      env: { ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").filter(Boolean) : [];
    // The engine's own debug messages hold values; whoever passes events on drops them.
    const events = lines.map((line) => JSON.parse(line)).filter((one) => one.diagnosticEvent?.severity !== "debug");
    said += text + JSON.stringify(events);
    const steps = events.flatMap((event) => event.resOutputsEvent?.metadata ?? []);
    // The provider of dynamic resources is given the whole config, so it changes with that.
    const changed = steps.filter(
      ({ op, urn }) => !["same", "refresh", "read"].includes(op) && !urn.includes("pulumi:providers:pulumi-nodejs"),
    );
    const changes = Object.fromEntries(changed.map(({ urn, op }) => [urn.split("::").at(-1), op]));
    return { ok: code === 0, text, changes };
  }

  const harness: Harness = {
    bao,
    github,
    dokploy,
    containers,
    checkout,
    commit,
    env,
    configure(bootstrap = {}) {
      const image = { repository: "ghcr.io/you/dockmaster", push: "pusher", pull: "puller" };
      const config = {
        "dokploy:url": dokploy.url,
        "vault:address": bao.address,
        "bootstrap:domain": "example.org",
        "bootstrap:image": image,
        "bootstrap:runner": { checks: [] },
        "bootstrap:vault": { kv: "platform-kv" },
        "bootstrap:github": { repository: "you/platform", api: github.api, reviewers: ["anna", "team:platform"] },
      };
      const keys = Object.entries(bootstrap).map(([key, value]) => [`bootstrap:${key}`, value]);
      // JSON is YAML.
      const text = JSON.stringify({ config: { ...config, ...Object.fromEntries(keys) } });
      writeFileSync(join(checkout, "Pulumi.bootstrap.yaml"), text);
    },
    run,
    pushed: () =>
      existsSync(pushes)
        ? readFileSync(pushes, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [],
    everything: async () => said + (await run(["stack", "export"])).text,
    async stop() {
      for (const plugin of plugins) plugin.remove();
      await Promise.all([dokploy.stop(), bao.stop(), github.stop(), emulator.close(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  harness.configure();
  const made = await run(["stack", "init", "--no-select"]);
  if (!made.ok) throw new Error(made.text);
  return harness;
}

/** A copy of this checkout as the release v1.2.4, whose staging has its secrets in Vault. Answers its commit. */
function copyRelease(checkout: string): string {
  const git = (folder: string, ...words: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", ...words], {
      encoding: "utf8",
    });
  const listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z");
  const files = listed
    .split("\0")
    .filter((file) => file !== "" && !file.startsWith("test/") && existsSync(join(ROOT, file)));
  for (const file of files) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    cpSync(join(ROOT, file), join(checkout, file));
  }
  const staging = {
    "platform:domain": "example.org",
    "platform:suffix": "-staging",
    "platform:services": ["postgres", "redis", "authentik"],
    "platform:secrets": "vault",
    "platform:vault": { address: "https://vault.example.org", kv: "platform-kv" },
  };
  writeFileSync(join(checkout, "Pulumi.staging.yaml"), JSON.stringify({ config: staging }));
  symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  git(checkout, "init", "--quiet");
  git(checkout, "add", ".");
  git(checkout, "commit", "--quiet", "--message", "release");
  git(checkout, "tag", "v1.2.4");
  return git(checkout, "rev-parse", "HEAD").trim();
}
