import type { ComposeCall } from "./command-line.ts";
import { ComposeError } from "./compose-error.ts";
import { containerNameOf, createContainer, mustRecreate, removeOrphans } from "./create-container.ts";
import { ensureVolumes, hang } from "./ensure-volumes.ts";
import type { ScriptedFailure } from "./failure-script.ts";
import { containersOf, type HostContainer } from "./host-state.ts";
import { conditionAt } from "./life.ts";
import type { Project, Service } from "./project.ts";
import type { UpRun } from "./simulation.ts";
import { injectFiles, planLife, startContainer, strike } from "./start-container.ts";
import { type AwaitedCondition, waitFor } from "./wait.ts";

function isAwaitedOneShot(project: Project, key: string): boolean {
  return [...project.services.values()].some(
    ({ dependsOn }) => dependsOn.get(key)?.condition === "service_completed_successfully",
  );
}

function ensureNetworks(run: UpRun, project: Project): void {
  const { networks } = run.simulation.state;
  const used = new Set([...project.services.values()].flatMap((service) => [...service.networks.keys()]));
  for (const [key, { name, external }] of project.networks) {
    if (!used.has(key)) continue;
    if (name in networks) continue;
    if (external) throw new ComposeError(`network ${name} declared as external, but could not be found`);
    run.log(` Network ${name}  Creating`);
    networks[name] = { name, project: project.name };
    run.log(` Network ${name}  Created`);
  }
}

/** Services in an order in which each comes after what it depends on. */
function inDependencyOrder(project: Project): Service[] {
  const ordered = new Set<Service>();
  const visit = (service: Service): void => {
    for (const key of service.dependsOn.keys()) {
      const dependency = project.services.get(key);
      if (dependency && !ordered.has(dependency)) visit(dependency);
    }
    ordered.add(service);
  };
  for (const service of project.services.values()) visit(service);
  return [...ordered];
}

interface Created {
  service: Service;
  container: HostContainer;
  failure: ScriptedFailure | undefined;
}

function createContainers(run: UpRun, project: Project, call: ComposeCall, now: number): Map<string, Created> {
  const { scripts, speed, state } = run.simulation;
  const existing = new Map(containersOf(state, project.name).map((container) => [container.service, container]));
  const recreated = new Set<string>();
  const result = new Map<string, Created>();
  const used = new Set<ScriptedFailure>();
  for (const service of inDependencyOrder(project)) {
    const names = { project: project.name, container: containerNameOf(project, service), service: service.key };
    const failure = scripts.find(names);
    if (failure) used.add(failure);
    const current = existing.get(service.key);
    const keep = current && !call.forceRecreate && (call.noRecreate || !mustRecreate(project, service, current));
    if (keep) {
      const restarts = [...service.dependsOn].some(([key, { restart }]) => restart && recreated.has(key));
      if (restarts && current.life) current.life.stopped = { at: now, exitCode: 0 };
      const running = conditionAt(current.life, now).status === "running";
      if (running) run.log(` Container ${current.name}  Running`);
      if (running && failure) strike(current, failure, now, speed);
      else if (running && current.scripted) {
        current.life = planLife(current, { now: now - 1e9, speed, awaitedOneShot: false, failure: undefined });
        current.scripted = false;
      }
      result.set(service.key, { service, container: current, failure });
      continue;
    }
    if (current) recreated.add(service.key);
    result.set(service.key, { service, container: createContainer(run, project, service, current), failure });
  }
  for (const failure of used) scripts.use(failure);
  return result;
}

async function startOne(
  run: UpRun,
  project: Project,
  { service, container, failure }: Created,
  now: number,
): Promise<void> {
  const { simulation } = run;
  const pause = async (failure: ScriptedFailure) => {
    for (const line of failure.log ?? []) run.log(line);
    await simulation.clock.until(now + (failure.afterMs ?? 0), run.signal);
  };
  if (failure?.outcome === "hang") {
    await pause(failure);
    await hang(run.signal);
  }
  if (failure?.outcome === "fail") {
    await pause(failure);
    throw new ComposeError(`Error response from daemon: failed to start container ${container.name}`);
  }
  if (conditionAt(container.life, now).status === "running") return;
  injectFiles(simulation.state, project, service, container);
  run.log(` Container ${container.name}  Starting`);
  const life = planLife(container, {
    now,
    speed: simulation.speed,
    awaitedOneShot: isAwaitedOneShot(project, service.key),
    failure,
  });
  startContainer(simulation, container, life, failure);
  run.log(` Container ${container.name}  Started`);
}

/**
 * `docker compose up` of a loaded project. Ends when Compose would.
 * @throws ComposeError with the last line that Compose would print; what the signal was aborted with.
 */
export async function composeUp(run: UpRun, project: Project, call: ComposeCall): Promise<void> {
  const { simulation } = run;
  for (const message of project.warnings)
    run.log(
      `time="${new Date(simulation.clock.now()).toISOString().slice(0, 19)}Z" level=warning msg=${JSON.stringify(message)}`,
    );
  if (project.services.size === 0) throw new ComposeError("no service selected");
  for (const service of project.services.values()) {
    if (simulation.imageExists(service.image)) continue;
    run.log(
      ` ${service.key} Error pull access denied for ${service.image}, repository does not exist or may require 'docker login'`,
    );
    throw new ComposeError(
      `Error response from daemon: pull access denied for ${service.image}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    );
  }
  ensureNetworks(run, project);
  await ensureVolumes(run, project, call.yes);
  const begin = simulation.clock.now();
  if (call.removeOrphans) removeOrphans(run, project);
  const created = createContainers(run, project, call, begin);
  if (call.noStart) return;

  const timeout = call.waitTimeout > 0 ? (call.waitTimeout * 1000) / simulation.speed : undefined;
  const starts = new Map<string, Promise<number>>();
  const start = async (entry: Created): Promise<number> => {
    const dependencies = [...entry.service.dependsOn].filter(([key]) => created.has(key));
    const started = await Promise.all(dependencies.map(([key]) => starts.get(key) ?? begin));
    const from = Math.max(begin, ...started);
    const deadline =
      timeout === undefined ? undefined : { at: from + timeout, message: "timeout waiting for dependencies" };
    const ready = await Promise.all(
      dependencies.map(([key, { condition }]) => {
        const dependency = created.get(key);
        return dependency && condition !== "service_started"
          ? waitFor(run, dependency.container, condition, from, deadline)
          : from;
      }),
    );
    const now = Math.max(from, ...ready);
    await startOne(run, project, entry, now);
    return now;
  };
  for (const [key, entry] of created) starts.set(key, start(entry));
  const moments = await Promise.all(starts.values());

  if (!call.wait) return;
  const from = Math.max(begin, ...moments);
  const deadline =
    timeout === undefined
      ? undefined
      : { at: from + timeout, message: `application not healthy after ${call.waitTimeout}s` };
  await Promise.all(
    [...created].map(([key, { container }]) => {
      const condition: AwaitedCondition = isAwaitedOneShot(project, key)
        ? "service_completed_successfully"
        : "running_or_healthy";
      return waitFor(run, container, condition, from, deadline);
    }),
  );
}
