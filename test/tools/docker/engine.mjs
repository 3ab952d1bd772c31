import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { runStep } from "../../../tools/setup/run.mjs";
import { run, Unavailable } from "./command.mjs";

const folder = () => join(cacheFolder(), "docker");

/** Flags to try in turn: as it is; without overlay file systems; without a firewall; without both. */
const attempts = [
  [],
  ["--storage-driver=vfs"],
  ["--iptables=false", "--ip-masq=false"],
  ["--storage-driver=vfs", "--iptables=false", "--ip-masq=false"],
];

/** Version of the engine that answers; undefined when none does. */
export function engineVersion() {
  const { ok, output } = run("docker", ["version", "--format", "{{.Server.Version}}"]);
  return ok ? output : undefined;
}

/** What this host calls Docker's own, for the report. */
export function engineFacts() {
  return run("docker", [
    "info",
    "--format",
    "storage {{.Driver}}, cgroup v{{.CgroupVersion}}, swarm {{.Swarm.LocalNodeState}}, data in {{.DockerRootDir}}",
  ]).output;
}

async function answers(/** @type {() => boolean} */ stillStarting) {
  for (let waited = 0; waited < 30_000 && stillStarting(); waited += 250) {
    if (engineVersion()) return true;
    await pause(250);
  }
  return engineVersion() !== undefined;
}

/** Installs Debian's engine, as root. */
async function installEngine() {
  if (run("dockerd", ["--version"]).ok) return;
  if (process.getuid?.() !== 0)
    throw new Unavailable(
      "no Docker engine answers, and only root could install one: start Docker, or run this as root",
    );
  if (!run("apt-get", ["--version"]).ok)
    throw new Unavailable(
      "no Docker engine answers, and only Debian's can be installed here: install Docker and start it",
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runStep("Updating Debian's package lists", "apt-get", ["update", "-qq"], { env });
  await runStep(
    "Installing Debian's docker.io",
    "apt-get",
    ["install", "-y", "-qq", "--no-install-recommends", "docker.io", "iptables"],
    { env },
  );
}

/**
 * The command of an engine. One on a socket of its own (`DOCKER_HOST`) also gets a network of its own: two on one would take each other's
 * bridge away.
 * @param {string[]} flags
 */
function engineCommand(flags) {
  const words = ["dockerd", "--data-root", join(folder(), "data"), ...flags];
  const host = process.env.DOCKER_HOST;
  if (!host) return words;
  const apart = ["--host", host, "--exec-root", join(folder(), "exec"), "--pidfile", join(folder(), "docker.pid")];
  return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...words, ...apart];
}

/** Starts an engine that outlives this script; its log and its pid are in the cache folder. */
async function startEngine() {
  mkdirSync(folder(), { recursive: true });
  const log = join(folder(), "dockerd.log");
  for (const flags of attempts) {
    let ended = false;
    const output = openSync(log, "w");
    const [program = "", ...words] = engineCommand(flags);
    const engine = spawn(program, words, {
      detached: true,
      stdio: ["ignore", output, output],
    });
    engine.once("error", () => {
      ended = true;
    });
    engine.once("exit", () => {
      ended = true;
    });
    if (await answers(() => !ended)) {
      engine.unref();
      joinSwarm();
      // Tests that were cut off leave networks, and the address pools hold about thirty.
      run("docker", ["network", "prune", "--force"]);
      writeFileSync(join(folder(), "dockerd.pid"), `${engine.pid}\n`);
      process.stderr.write(`  Started dockerd ${flags.join(" ")} (log: ${log})\n`);
      return;
    }
    if (!ended && engine.pid) process.kill(engine.pid, "SIGTERM");
  }
  const reason = readFileSync(log, "utf8").trim().split("\n").slice(-3).join("\n");
  throw new Unavailable(`dockerd does not start here:\n${reason}`);
}

/** Dokploy's engine always manages a swarm, and some of what it answers is different there: so the tests' own does too. */
function joinSwarm() {
  if (run("docker", ["info", "--format", "{{.Swarm.LocalNodeState}}"]).output === "active") return;
  const { ok, output } = run("docker", ["swarm", "init", "--advertise-addr", "127.0.0.1"]);
  if (!ok) process.stderr.write(`  Docker manages no swarm here: ${output}\n`);
}

/**
 * Makes sure that a Docker engine answers. One that this starts manages a swarm; one that is there already is left as it is.
 * @throws {Unavailable} where none can be had
 */
export async function ensureEngine() {
  if (engineVersion()) return;
  await installEngine();
  // Where the system starts it by itself it needs a moment.
  if (!run("systemctl", ["is-active", "docker"]).ok || !(await answers(() => true))) await startEngine();
}
