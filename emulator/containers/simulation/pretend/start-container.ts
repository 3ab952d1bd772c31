import { createHash } from "node:crypto";
import { ComposeError } from "../read/compose-error.ts";
import type { Project, Service } from "../read/project.ts";
import type { HostContainer, HostState } from "../run/host-state.ts";
import type { Simulation } from "../run/simulation.ts";
import type { ScriptedFailure } from "./failure-script.ts";
import { conditionAt, type Life, toProbe } from "./life.ts";
import { foretell, probeSucceeds } from "./process.ts";

/** A real process needs about this long from its start to its end, in milliseconds. */
const shortestRun = 50;

/** Longer than any test or demo, and short enough to add to a time. */
const endless = 1e12;

/** What the container will do, from its command, its health check and what was scripted for it. */
export function planLife(
  container: HostContainer,
  options: { now: number; speed: number; awaitedOneShot: boolean; failure: ScriptedFailure | undefined },
): Life {
  const { now, speed, failure } = options;
  const command = foretell(container.command);
  const oneShot = options.awaitedOneShot && !command.understood && !/^(always|unless-stopped)$/.test(container.restart);
  const endsAfter = oneShot ? shortestRun : command.endsAfter;
  const check = container.healthCheck;
  const life: Life = {
    startedAt: now,
    exitCode: command.exitCode,
    restart: container.restart,
    backoff: 100 / speed,
    ...(endsAfter === undefined ? {} : { endsAfter: Math.max(endsAfter, shortestRun) / speed }),
    ...(check === undefined || check === "disabled" ? {} : { probe: toProbe(check, probeSucceeds(check.test), speed) }),
  };
  return failure ? withFailure(life, failure, speed) : life;
}

function withFailure(life: Life, failure: ScriptedFailure, speed: number): Life {
  const endsAfter = failure.afterMs ?? shortestRun / speed;
  const exitCode = failure.exitCode ?? 1;
  if (failure.outcome === "exit") return { ...life, endsAfter, exitCode };
  if (failure.outcome === "restarting") return { ...life, endsAfter, exitCode, restart: "always" };
  const probe = life.probe ?? { interval: 1000 / speed, retries: 1, startPeriod: 0, succeeds: false };
  if (failure.outcome === "starting") return { ...life, probe: { ...probe, startPeriod: endless, succeeds: false } };
  if (failure.outcome !== "unhealthy") return life;
  return {
    ...life,
    probe: { ...probe, startPeriod: Math.max(probe.startPeriod, failure.afterMs ?? 0), succeeds: false },
  };
}

/** A life that has the failure at once: what a container that runs already turns into. */
export function strike(container: HostContainer, failure: ScriptedFailure, now: number, speed: number): void {
  const { status } = conditionAt(container.life, now);
  if (!container.life || (status !== "running" && status !== "restarting")) return;
  const { slow: _, ...life } = container.life;
  const struck = withFailure({ ...life, startedAt: now }, failure, speed);
  const probe = struck.probe;
  const unhealthyAfter =
    failure.outcome === "unhealthy" && probe ? probe.interval * probe.retries + probe.startPeriod : 0;
  container.life = { ...struck, startedAt: now - unhealthyAfter + (unhealthyAfter > 0 ? (failure.afterMs ?? 0) : 0) };
  container.scripted = true;
  for (const line of failure.log ?? []) container.log.push({ at: now, line });
}

/** A volume of memory is empty once nobody has it mounted: before a container starts, that is now. */
export function forgetMemory(state: HostState, container: HostContainer, now: number): void {
  for (const { type, source } of container.mounts) {
    const volume = type === "volume" ? state.volumes[source] : undefined;
    if (volume?.driverOptions.type !== "tmpfs") continue;
    const held = [...state.containers.values()].some(
      ({ life, mounts }) =>
        conditionAt(life, now).status === "running" && mounts.some((mount) => mount.source === source),
    );
    if (!held) volume.data = {};
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder.replace(/\/$/, "")}/`);
}

/** Puts a file where the container will find it: in its own layer, in a volume mounted there, or under a tmpfs that hides it. */
function place(state: HostState, container: HostContainer, path: string, content: string): void {
  const mount = container.mounts
    .filter(({ target }) => isBelow(path, target))
    .sort((a, b) => b.target.length - a.target.length)[0];
  if (mount?.type === "tmpfs") return;
  const volume = mount?.type === "volume" ? state.volumes[mount.source] : undefined;
  if (volume && mount) volume.data[path.slice(mount.target.replace(/\/$/, "").length + 1)] = content;
  else container.files[path] = content;
}

/**
 * Copies secrets and configs into a container that is about to start, as Compose does (pkg/compose/secrets.go).
 * @throws ComposeError for a read-only service and for a variable that is not set.
 */
export function injectFiles(state: HostState, project: Project, service: Service, container: HostContainer): void {
  for (const { source, target } of service.secrets) {
    const secret = project.secrets.get(source);
    if (!secret) continue;
    if (secret.kind === "file" || secret.kind === "external") {
      if (secret.content !== undefined) place(state, container, target, secret.content);
      continue;
    }
    if (service.readOnly)
      throw new ComposeError(
        `cannot create secret "${project.name}_${source}" in read-only service ${service.key}: \`file\` is the sole supported option`,
      );
    if (secret.content === undefined)
      throw new ComposeError(
        `environment variable "${secret.from}" required by secret "${project.name}_${source}" is not set`,
      );
    place(state, container, target, secret.content);
  }
  for (const { source, target } of service.configs) {
    const config = project.configs.get(source);
    if (!config) continue;
    if (config.kind === "environment" && config.content === undefined)
      throw new ComposeError(
        `environment variable "${config.from}" required by config "${project.name}_${source}" is not set`,
      );
    if (config.content === undefined) continue;
    if (config.content === "") {
      // Compose skips it and the engine makes a folder of the missing file.
      if (config.kind === "content") container.files[`${target}/`] = "";
      continue;
    }
    if (service.readOnly && config.kind !== "file")
      throw new ComposeError(
        `cannot create config "${project.name}_${source}" in read-only service ${service.key}: \`file\` is the sole supported option`,
      );
    place(state, container, target, config.content);
  }
}

/** @throws ComposeError for a network of the container's that is not there, in the words of an engine that manages a swarm. */
export function requireNetworks(state: HostState, project: Project, service: Service): void {
  for (const key of service.networks.keys()) {
    const name = project.networks.get(key)?.name;
    if (name === undefined || state.networks[name]) continue;
    throw new ComposeError(
      `Error response from daemon: Could not attach to network ${name}: rpc error: code = NotFound desc = network ${name} not found`,
    );
  }
}

function printedAtStart({ command, image, service }: HostContainer): string[] {
  const { understood, output } = foretell(command);
  return understood || output.length > 0 ? output : [`${service}: started (simulated ${image})`];
}

/** Starts a container: its life begins and volumes that are used for the first time remember by whom. */
export function startContainer(
  simulation: Simulation,
  container: HostContainer,
  life: Life,
  failure: ScriptedFailure | undefined,
): void {
  container.life = life;
  container.scripted = failure !== undefined;
  for (const line of failure?.log ?? printedAtStart(container)) container.log.push({ at: life.startedAt, line });
  for (const mount of container.mounts) {
    const volume = mount.type === "volume" ? simulation.state.volumes[mount.source] : undefined;
    if (volume && !mount.readOnly && !volume.firstUse)
      volume.firstUse = {
        project: container.project,
        container: container.name,
        at: life.startedAt,
        files: Object.fromEntries(
          Object.entries(container.files).map(([path, content]) => [
            path,
            createHash("sha256").update(content).digest("hex"),
          ]),
        ),
      };
  }
  if (container.log.length > 1000) container.log.splice(0, container.log.length - 1000);
  simulation.changed();
}
